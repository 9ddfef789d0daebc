divert(-1)
dnl FEATURE(`ckuser_cyrus', `SOCKETMAP'): with confLOCAL_MAILER cyrusv2, asks a socketmap for each
dnl local user who is no alias; the key is the bare user. SOCKETMAP is Sendmail's notation
dnl with its type, such as local:/var/run/cyrusmapd/socketmap. Behaves as the feature of
dnl FreeBSD's port of Sendmail since March 2021: local:/var/imap/socket/smmap where none is given.
ifdef(`_CYRUS_MAP_',
	`errprint(`*** ERROR: the map cyrus is already declared: cyrusmap, mrs_cyrus and ckuser_cyrus exclude each other
')')
define(`_CYRUS_MAP_', `')
divert(0)
VERSIONID(`cyrusmapd: ckuser_cyrus')
divert(-1)
define(`CYRUS_SMMAPD_SOCKET', ifelse(len(X`'_ARG_), `1', `local:/var/imap/socket/smmap', _ARG_))

ifdef(`_PRESERVE_LOCAL_PLUS_DETAIL_', `', `m4wrap(`ifdef(`_PRESERVE_LOCAL_PLUS_DETAIL_',
	`errprint(`*** ERROR: FEATURE(ckuser_cyrus) must come after FEATURE(preserve_local_plus_detail)
')')')')
dnl ruleset 5 is called only for mailers that have this flag
MODIFY_MAILER_FLAGS(`CYRUSV2', `+5')

LOCAL_CONFIG
# does this mailbox exist? No -o: a socket that is missing must defer, not refuse
Kcyrus socket -a<OK> -T<TMPF> CYRUS_SMMAPD_SOCKET

LOCAL_RULESETS
SLocal_localaddr
ifdef(`_PRESERVE_LOCAL_PLUS_DETAIL_', `dnl', `dnl
# a plussed user comes again, as user+* and as user: there may be aliases of these, and lmtpd is given the user
R$+ + $*		$@ $1 + $2')
R$+			$: $1 $| $(cyrus $1 $: <NONE> $)
R$* $| $* <TMPF>	$#error $@ 4.3.0 $: "451 Temporary system failure. Please try again later."
R$* $| $* <OK>		$@ $1
R$* $| $*		$#error $@ 5.1.1 $: "550 User unknown"

divert(-1)
dnl FEATURE(`mrs_cyrus', `SOCKET', `TYPE'): three next hops that ask a socketmap whether the
dnl mailbox exists in Cyrus. SOCKET is a path, or PORT@HOST where TYPE is `inet' or `inet6'.
dnl Behaves as the feature of FreeBSD's port of Sendmail since March 2021, which needs the change of one line:
dnl	FEATURE(`mrs_cyrus', `/var/run/cyrusmapd/socketmap')
dnl Without arguments it asks smmapd, at the port's /var/imap/socket/smmap (before 2021: /var/imap/socket/smmapd).
dnl
dnl	mrs_cyrus_mailertable:HOP	asks local@domain, delivers by cyrusv2d
dnl	mrs_cyrus_user:HOP		asks local, delivers to the value by cyrusv2
dnl	mrs_cyrus_stickyhub:dummy	asks local@domain for domains of class {VirtCyrus},
dnl					leaves all others to the local mailer
dnl HOP is where those go that Cyrus does not know; with none they are refused.
ifdef(`_MRS_RELAY_', `',
	`errprint(`*** ERROR: FEATURE(mrs_cyrus) requires FEATURE(mrs)
')')
ifdef(`_CYRUS_MAP_',
	`errprint(`*** ERROR: the map cyrus is already declared: cyrusmap, mrs_cyrus and ckuser_cyrus exclude each other
')')
define(`_CYRUS_MAP_', `')
divert(0)
VERSIONID(`cyrusmapd: mrs_cyrus')
divert(-1)
define(`_MRS_LOCAL_', ifdef(`confLOCAL_MAILER', confLOCAL_MAILER, `local'))
define(`CYRUS_SMMAPD_SOCKET', ifelse(len(X`'_ARG_), `1', `/var/imap/socket/smmap', _ARG_))
define(`CYRUS_SMMAPD_SOCKET_TYPE', ifelse(len(X`'_ARG2_), `1', `local', _ARG2_))

LOCAL_CONFIG
# does this mailbox exist? No -o: a socket that is missing must defer, not refuse
Kcyrus socket -a<OK> -T<TMPF> CYRUS_SMMAPD_SOCKET_TYPE:CYRUS_SMMAPD_SOCKET
C{MRS}mrs_cyrus_mailertable mrs_cyrus_user mrs_cyrus_stickyhub

LOCAL_RULESETS
######################################################################
###  CyrusValue -- what the map says of a key: its value, <NONE>, or a deferral
######################################################################
SCyrusValue
R$*			$: $(cyrus $1 $: <NONE> $)
R$* <TMPF>		$#error $@ 4.3.0 $: "451 Temporary system failure. Please try again later."
R$* <OK>		$@ $1
R$*			$@ <NONE>

######################################################################
###  CyrusElse -- < HOP > ADDRESS: the next hop of those whom Cyrus does not know
######################################################################
SCyrusElse
R< > $*			$#error $@ 5.1.1 $: "550 User unknown"
R< $+ > $*		$@ $>MailerToTriple < $1 > $2

Smrs_cyrus_mailertable
R< $* > $+ < @ $+ . >		$: < $1 > $2 < @ $3 >		no dot in the key
R< $* > $+ < @ $+ >		$: < $1 > $2 < @ $3 > $| $>CyrusValue $2 @ $3
R$* $| $#$*			$#$2				deferred
R< $* > $* $| <NONE>		$@ $>CyrusElse < $1 > $2
R< $* > $+ < @ $+ > $| $*	$#cyrusv2d $@ dummy $: $2 < @ $3 >
R< $* > $*			$@ $>CyrusElse < $1 > $2

Smrs_cyrus_user
R< $* > $+ < @ $+ . >		$: < $1 > $2 < @ $3 >
R< $* > $+ < @ $* >		$: < $1 > $2 < @ $3 > $| $>CyrusValue $2
R$* $| $#$*			$#$2				deferred
R< dummy > $+ < @ dummy > $| <NONE>	$@ $1			a local user: goes on
R< $* > $* $| <NONE>		$@ $>CyrusElse < $1 > $2
R< $* > $+ < @ $* > $| $+	$#cyrusv2 $@ dummy $: $4
R< $* > $*			$@ $>CyrusElse < $1 > $2

Smrs_cyrus_stickyhub
R< dummy > $+ < @ $+ . >	$: < dummy > $1 < @ $2 >
R< dummy > $* < @ dummy >	$@ $1				a local user: goes on
R< dummy > $+ < @ $={VirtCyrus} >	$: < dummy > $1 < @ $2 > $| $>CyrusValue $1 @ $2
R$* $| $#$*			$#$2				deferred
R< dummy > $* $| <NONE>		$#error $@ 5.1.1 $: "550 User unknown"
R< dummy > $+ < @ $+ > $| $*	$#cyrusv2d $@ dummy $: $1 < @ $2 >
R< dummy > $=L < @ $* >		$#_MRS_LOCAL_ $: @ $1
R< dummy > $* < @ $* >		$#_MRS_LOCAL_ $: $1

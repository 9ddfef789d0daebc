divert(-1)
dnl FEATURE(`cyrusmap', `SOCKETMAP', `CLASS'): for a stock Sendmail, whatever delivers to Cyrus (a
dnl mailertable or confLOCAL_MAILER): check_rcpt asks for each recipient in a domain of CLASS.
dnl SOCKETMAP is Sendmail's notation: local:/path or inet:PORT@HOST. CLASS is {VirtHost} where
dnl none is given, which VIRTUSER_DOMAIN and VIRTUSER_DOMAIN_FILE fill. Comes after
dnl FEATURE(`virtusertable'), if that is used: its entries take their recipients' place.
dnl
dnl A recipient who is found goes on unchanged to the rest of check_rcpt. Never answer $# for one,
dnl $#OK neither: it would end check_rcpt, and with it the refusal to relay.
ifdef(`_CYRUS_MAP_',
	`errprint(`*** ERROR: the map cyrus is already declared: cyrusmap, mrs_cyrus and ckuser_cyrus exclude each other
')')
define(`_CYRUS_MAP_', `')
dnl Asked for too early, the entries of virtusertable would be refused: so look again at the end.
ifdef(`_VIRTUSER_TABLE_', `', `m4wrap(`ifdef(`_VIRTUSER_TABLE_',
	`errprint(`*** ERROR: FEATURE(cyrusmap) must come after FEATURE(virtusertable)
')')')')
define(`_CYRUSMAP_SOCKET_', ifelse(len(X`'_ARG_), `1', `local:/var/run/cyrusmapd/socketmap', _ARG_))
define(`_CYRUSMAP_CLASS_', ifelse(len(X`'_ARG2_), `1', `{VirtHost}', _ARG2_))
divert(0)
VERSIONID(`cyrusmapd: cyrusmap')
divert(-1)

LOCAL_CONFIG
# does this mailbox exist? No -o: a socket that is missing must defer, not refuse. -m: only whether, not what
Kcyrus socket -m -a<OK> -T<TMPF> _CYRUSMAP_SOCKET_

LOCAL_RULESETS
SLocal_check_rcpt
R$*			$: $1 $| $>CyrusRcpt $1
R$* $| $#$*		$#$2				refused or deferred
R$* $| $*		$: $1				as it came

######################################################################
###  CyrusRcpt -- an error where the recipient has no mailbox in Cyrus, otherwise nothing
######################################################################
SCyrusRcpt
R$*			$: <-> $>CanonAddr $1
R<-> $+ < @ $=_CYRUSMAP_CLASS_ . >	$: <+> $1 @ $2
R<-> $+ < @ $=_CYRUSMAP_CLASS_ >	$: <+> $1 @ $2
R<-> $*			$@				another domain
ifdef(`_VIRTUSER_TABLE_', `dnl
# the keys that virtusertable is asked for, in its order
R<+> $+ @ $+		$: < $(virtuser $1 @ $2 $@ $1 $: $) > $1 @ $2
R<> $+ + $+ @ $+	$: < $(virtuser $1 + + @ $3 $@ $1 $@ $2 $@ +$2 $: $) > $1 + $2 @ $3
R<> $+ + $* @ $+	$: < $(virtuser $1 + * @ $3 $@ $1 $@ $2 $@ +$2 $: $) > $1 + $2 @ $3
R<> $+ + $* @ $+	$: < $(virtuser $1 @ $3 $@ $1 $@ $2 $@ +$2 $: $) > $1 + $2 @ $3
R<> $+ @ $+		$: < $(virtuser @ $2 $@ $1 $: $) > $1 @ $2
R< $+ @ $=_CYRUSMAP_CLASS_ > $*	$: <> $1 @ $2		another mailbox of ours
R< $+ > $*		$@				somewhere else
R<> $+			$: <+> $1', `dnl')
R<+> $+			$: $(cyrus $1 $: $)
R$* <TMPF>		$#error $@ 4.3.0 $: "451 Temporary system failure. Please try again later."
R$* <OK>		$@
R$*			$#error $@ 5.1.1 $: "550 User unknown"

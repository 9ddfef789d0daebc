divert(-1)
dnl FEATURE(`virtuser_defer'): 451 for recipients in domains of the virtusertable while that table cannot be read.
dnl Sendmail itself goes on as if it were empty, and mrs_cyrus then refuses whoever has nothing but an entry there.
dnl Comes after FEATURE(virtusertable), which must have no -o: with it, a missing table is an empty one. Not needed
dnl with cyrusmap. Works with the m4 files of FreeBSD's port as with the stock ones.
ifdef(`_VIRTUSER_TABLE_', `',
	`errprint(`*** ERROR: FEATURE(virtuser_defer) must come after FEATURE(virtusertable)
')')
divert(0)
VERSIONID(`cyrusmapd: virtuser_defer')
divert(-1)

LOCAL_CONFIG
# could virtusertable be read? A switch, since its -T tells; of the service aliases, since that one has a default
Kcyrusvirtuser.files sequence virtuser
Kcyrusvirtuser.cdb sequence virtuser
Kcyrusvirtuser.nis sequence virtuser
Kcyrusvirtuser.nisplus sequence virtuser
Kcyrusvirtuser.netinfo sequence virtuser
Kcyrusvirtuser.hesiod sequence virtuser
Kcyrusvirtuser.ldap sequence virtuser
Kcyrusvirtuser switch -T<TMPF> aliases

LOCAL_RULE_0
R$+ < @ $={VirtHost} . >	$: <virtuser> < $(cyrusvirtuser $1 @ $2 $: ? $) > $1 < @ $2 . >
R$+ < @ $=w . >		$: <virtuser> < $(cyrusvirtuser $1 @ $2 $: ? $) > $1 < @ $2 . >
R<virtuser> < $* <TMPF> > $*	$#error $@ 4.3.0 $: "451 Temporary system failure. Please try again later."
R<virtuser> < $* > $+ < @ $+ . >	$: $2 < @ $3 . >

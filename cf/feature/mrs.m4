divert(-1)
dnl FEATURE(`mrs'): rulesets as mailers. A next hop `NAME:TEXT', NAME in class {MRS}, calls
dnl ruleset NAME with < TEXT > ADDRESS. Behaves as the feature of FreeBSD's port of Sendmail,
dnl but needs no patch of proto.m4: rules put here come before those that proto.m4 gives to the
dnl same ruleset later. On FreeBSD use the port's own.
divert(0)
VERSIONID(`cyrusmapd: mrs')
divert(-1)
define(`_MRS_RELAY_', `')

LOCAL_CONFIG
# next hops that are rulesets (the number has to be proto.m4's)
SMailerToTriple=95
R< $={MRS} : $* > $*	$@ $>$1 < $2 > $3

divert(-1)
dnl FEATURE(`mrs'): rulesets as mailers. A next hop `NAME:TEXT', NAME in class {MRS}, calls
dnl ruleset NAME with < TEXT > ADDRESS. Behaves as the feature of FreeBSD's port of Sendmail,
dnl but needs no patch of proto.m4: rules put here come before those that proto.m4 gives to the
dnl same ruleset later. On FreeBSD use the port's own.
divert(0)
VERSIONID(`cyrusmapd: mrs')
divert(-1)
define(`_MRS_RELAY_', `')

dnl The first place for rules in sendmail.cf is inside ruleset 96, so leave that and come back.
LOCAL_RULE_3
# next hops that are rulesets (the numbers have to be proto.m4's)
SMailerToTriple=95
R< $={MRS} : $* > $*	$@ $>$1 < $2 > $3

SCanonify2=96

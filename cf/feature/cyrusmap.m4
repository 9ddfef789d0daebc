divert(-1)
dnl FEATURE(`cyrusmap', `SOCKETMAP', `MAILERS', `queue_id'): for a stock Sendmail, whatever brings the mail to
dnl Cyrus: a mailertable, confLOCAL_MAILER, a rule of your own. SOCKETMAP is Sendmail's notation: local:/path or
dnl inet:PORT@HOST. MAILERS are mailers to Cyrus besides cyrusv2d and cyrusv2, which keep the domain in RCPT TO;
dnl names with spaces between them. With `queue_id' the map is called cyrusid, and its key is the queue's id, a
dnl space, the address.
dnl
dnl Sendmail has parsed the recipient before check_rcpt, by virtusertable, mailertable, classes and rules, and left
dnl in macros what came out. Where that is a mailer to Cyrus, and the address no alias, the map is asked for the
dnl address that lmtpd would be given.
dnl
dnl A recipient who is found goes on unchanged to the rest of check_rcpt. Never answer $# for one,
dnl $#OK neither: it would end check_rcpt, and with it the refusal to relay.
ifdef(`_CYRUS_MAP_',
	`errprint(`*** ERROR: the map cyrus is already declared: cyrusmap, mrs_cyrus and ckuser_cyrus exclude each other
')')
define(`_CYRUS_MAP_', `')
define(`_CYRUSMAP_SOCKET_', ifelse(len(X`'_ARG_), `1', `local:/var/run/cyrusmapd/socketmap', _ARG_))
define(`_CYRUSMAP_MAILERS_', _ARG2_)
ifelse(index(_ARG2_, `{'), `-1', `',
	`errprint(`*** ERROR: the second argument of FEATURE(cyrusmap) is a list of mailers, not a class of domains
')')
define(`_CYRUSMAP_QUEUE_ID_', ifelse(_ARG3_, `queue_id', `1', `0'))
ifelse(_ARG3_, `', `', _ARG3_, `queue_id', `',
	`errprint(`*** ERROR: the third argument of FEATURE(cyrusmap) is queue_id or nothing
')')

dnl The flag 5 of cyrusv2, which the stock one has not: where it is, Sendmail looks for the aliases user+* and user
dnl as well, and puts a local user through ruleset 5, which may send him elsewhere. -1 where it is not.
define(`_CYRUSMAP_FLAG_5_', `index(ifdef(`CYRUSV2_MF_', `defn(`CYRUSV2_MF_')',
	`ifdef(`CYRUSV2_MAILER_FLAGS', `defn(`CYRUSV2_MAILER_FLAGS')')ifdef(`CYRUSV2_MF_A_', `defn(`CYRUSV2_MF_A_')')'), `5')')
dnl The rules are written with what is known now, so look again at the end whether it still holds.
define(`_CYRUSMAP_HAD_5_', _CYRUSMAP_FLAG_5_)
define(`_CYRUSMAP_HAD_ALIASES_', defn(`ALIAS_FILE'))
define(`_CYRUSMAP_TABLES_', `ifdef(`_VIRTUSER_TABLE_', `v')`'ifdef(`confUSERDB_SPEC', `u')`'ifdef(`_PRESERVE_LOCAL_PLUS_DETAIL_', `p')')
define(`_CYRUSMAP_HAD_TABLES_', _CYRUSMAP_TABLES_)
m4wrap(`ifelse(_CYRUSMAP_FLAG_5_, _CYRUSMAP_HAD_5_, `', `errprint(`*** ERROR: flags of cyrusv2 must be set before FEATURE(cyrusmap)
')')')
m4wrap(`ifelse(defn(`ALIAS_FILE'), defn(`_CYRUSMAP_HAD_ALIASES_'), `', `errprint(`*** ERROR: ALIAS_FILE must be defined before FEATURE(cyrusmap)
')')')
m4wrap(`ifelse(_CYRUSMAP_TABLES_, _CYRUSMAP_HAD_TABLES_, `', `errprint(`*** ERROR: FEATURE(cyrusmap) must come after virtusertable, preserve_local_plus_detail and confUSERDB_SPEC
')')')

dnl The alias files, NUMBER, FILE, FILE ...: FILE may have the class of a map before it, as in ldap:OPTIONS. -m asks
dnl only whether there is such an alias, for a long list would not fit into a rule. Where newaliases has not been run,
dnl Sendmail reads the text, and so do we (class stab). Commas in quotes are for $(aliases below alone.
define(`_CYRUSMAP_COLON_', `index(translit(`$1', ` /', `;;'), `:')')
define(`_CYRUSMAP_HAS_CLASS_', `eval(_CYRUSMAP_COLON_(`$1') > 0 && (index(translit(`$1', ` ', `/'), `/') < 0 ||
	_CYRUSMAP_COLON_(`$1') < index(translit(`$1', ` ', `/'), `/')))')
define(`_CYRUSMAP_MAPS_', `ifelse(`$2', `', `', `ifelse(_CYRUSMAP_HAS_CLASS_(`$2'), `1',
`Kcyrusalias$1 substr(`$2', 0, index(`$2', `:')) -m -T<TMPF> substr(`$2', incr(index(`$2', `:')))
',
`Kcyrusalias$1 implicit -m -T<TMPF> $2
Kcyrusaliastext$1 stab -m -T<TMPF> $2
')_CYRUSMAP_MAPS_(incr($1), shift(shift($@)))')')
define(`_CYRUSMAP_LOOKUPS_', `ifelse(`$2', `', `',
`R<?> $`'+			$: < $(cyrusalias$1 $`'1 $: ? $) > $`'1
ifelse(_CYRUSMAP_HAS_CLASS_(`$2'), `1', `', `R< $`'* <TMPF> > $`'+	$: < $(cyrusaliastext$1 $`'2 $: ? $) > $`'2
')_CYRUSMAP_LOOKUPS_(incr($1), shift(shift($@)))')')
define(`_CYRUSMAP_ALIAS_FILES_', `ifelse(index(defn(`ALIAS_FILE'), `"'), `-1', `ALIAS_FILE')')
divert(0)
VERSIONID(`cyrusmapd: cyrusmap')
divert(-1)

LOCAL_CONFIG
# mailers to Cyrus: those of {CyrusUser} are given the user without a domain
C{CyrusMailer}cyrusv2d cyrusv2 _CYRUSMAP_MAILERS_
C{CyrusUser}cyrusv2
# does this mailbox exist? No -o: a socket that is missing must defer, not refuse. -m: only whether, not what
ifelse(_CYRUSMAP_QUEUE_ID_, `1', `Kcyrusid socket -m -a<OK> -T<TMPF> _CYRUSMAP_SOCKET_',
`Kcyrus socket -m -a<OK> -T<TMPF> _CYRUSMAP_SOCKET_')
# is this an alias? Sendmail's own map, which service.switch may send elsewhere, and its files without their contents
Kaliases switch -T<TMPF> aliases
_CYRUSMAP_MAPS_(0, _CYRUSMAP_ALIAS_FILES_)dnl
ifdef(`_VIRTUSER_TABLE_', `# could virtusertable be read? A switch, since its -T tells; of the service aliases, since that one has a default
Kcyrusvirtuser.files sequence virtuser
Kcyrusvirtuser.cdb sequence virtuser
Kcyrusvirtuser.nis sequence virtuser
Kcyrusvirtuser.nisplus sequence virtuser
Kcyrusvirtuser.netinfo sequence virtuser
Kcyrusvirtuser.hesiod sequence virtuser
Kcyrusvirtuser.ldap sequence virtuser
Kcyrusvirtuser switch -T<TMPF> aliases', `dnl')

LOCAL_RULESETS
SLocal_check_rcpt
R$*			$: $1 $| $>CyrusRcpt $&{rcpt_mailer} $| $&{rcpt_addr}
R$* $| $#$*		$#$2				refused or deferred
R$* $| $*		$: $1				as it came

######################################################################
###  CyrusRcpt -- mailer $| address: an error where that is nobody in Cyrus, otherwise nothing
######################################################################
SCyrusRcpt
R$={CyrusMailer} $| $+	$: <$1> $2
R$* $| $*		$@				another mailer's
R<$+> $+		$: <$1> $2 $| $>CyrusAlias $2
R$* $| $#$*		$#$2				cannot be said
R<$+> $+ $| <?>		$: <$1> $2
R<$+> $+ $| $*		$@				an alias
ifelse(_CYRUSMAP_HAD_5_, `-1', `dnl', `dnl
# flag 5: aliases of plussed users, and ruleset 5
R<$={CyrusUser}> $+ + $*	$: <$1> $2 + $3 $| $>CyrusAlias $2 + *
R<$+> $+ + $* $| <?>	$: <$1> $2 + $3 $| $>CyrusAlias $2
R<$+> $+ + $* $| <?>	$: <$1> $2 + $3 $| $>localaddr $2
R<$={CyrusUser}> $+	$: <$1> $2 $| $>localaddr $2
R<$+> $+ $| $#$={CyrusMailer} $*	$: <$1> $2
R$* $| $#error $@ 4.3.0 $*	$#error $@ 4.3.0 $2
R$* $| $#$*		$@				ruleset 5 has it
R<$+> $+ $| <alias>	$@				an alias
R<$+> $+ $| $*		$: <$1> $2
ifdef(`_PRESERVE_LOCAL_PLUS_DETAIL_', `dnl', `R<$={CyrusUser}> $+ + $*	$: <$1> $2')')
ifdef(`confUSERDB_SPEC', `R<$={CyrusUser}> $+	$@				the user database may have him', `dnl')
# what lmtpd is given
R<$={CyrusUser}> $+ @ $+	$: $2
R<$={CyrusUser}> $+	$: $2
R<$+> $+ @ $+		$: $2 @ $3
R<$+> $+		$: $2 @ $j
R$+			$: < $(ifelse(_CYRUSMAP_QUEUE_ID_, `1', `cyrusid $&i" "$1', `cyrus $1') $: ? $) > $1
R< $* <OK> > $*		$@
ifdef(`_VIRTUSER_TABLE_', `R<?> $+			$: < $(cyrusvirtuser $1 $: ? $) > $1', `dnl')
R< $* <TMPF> > $*	$#error $@ 4.3.0 $: "451 Temporary system failure. Please try again later."
R$*			$#error $@ 5.1.1 $: "550 User unknown"

######################################################################
###  CyrusAlias -- user: <alias> or <?>, or an error where that cannot be said
######################################################################
SCyrusAlias
R$+			$: <?> $1
_CYRUSMAP_LOOKUPS_(0, _CYRUSMAP_ALIAS_FILES_)dnl
R<?> $+			$: < $(aliases $1 $: ? $) > $1
R<?> $+			$@ <?>
R< $* <TMPF> > $+	$#error $@ 4.3.0 $: "451 Temporary system failure. Please try again later."
R$*			$@ <alias>

PUSHDIVERT(-1)
dnl MAILER(`cyrusv2d'): LMTP to Cyrus with the domain kept in RCPT TO, for virtual domains. The
dnl stock cyrusv2 strips a local domain. Needs MAILER(`smtp') before it, for the rewriting rules.
dnl
dnl FreeBSD's port has a cyrusv2d of its own since March 2021: its MAILER(`cyrusv2') defines both. Told by its
dnl CYRUSV2D_MAILER_ARGS, the name of a macro that does not exist, and then nothing is done here.
dnl
dnl The flags, and those that the stock cyrusv2 has and this lacks on purpose:
dnl	l s D F M n q X z m	as cyrusv2. s: "alice"@example.jp was looked up without its
dnl				quotes, so it has to be delivered without them
dnl	1			no NUL in a message, as the port's
dnl	A @	no aliases and no user database: nothing of the server's is applied to a
dnl		virtual domain, not even an alias whose key is a whole address
dnl	/ : |	a local part is never a file, an :include: or a program
dnl	u	no: the map folds its key, so what is delivered is what was asked
ifdef(`_MAILER_smtp_', `',
	`errprint(`*** ERROR: MAILER(cyrusv2d) requires MAILER(smtp) before it
')')
_DEFIFNOT(`_DEF_CYRUSV2D_MAILER_FLAGS', `lsDFMnqXz1m')
_DEFIFNOT(`CYRUSV2D_MAILER_FLAGS', `')
ifdef(`CYRUSV2D_MAILER_ARGS', `', `define(`CYRUSV2D_MAILER_ARGS',
	ifdef(`CYRUSV2_MAILER_ARGS', `defn(`CYRUSV2_MAILER_ARGS')', ``FILE /var/imap/socket/lmtp''))')
define(`_CYRUSV2D_QGRP', `ifelse(defn(`CYRUSV2D_MAILER_QGRP'), `', `', ` Q=CYRUSV2D_MAILER_QGRP,')')
POPDIVERT
ifelse(defn(`CYRUSV2D_MAILER_ARGS'), `_CYRUS_V2_MAILER_ARGS', `dnl', `
#########################################
###   Cyrus V2 Mailer, domain kept    ###
#########################################

VERSIONID(`cyrusmapd: cyrusv2d')

Mcyrusv2d,	P=[IPC], F=_MODMF_(CONCAT(_DEF_CYRUSV2D_MAILER_FLAGS, CYRUSV2D_MAILER_FLAGS), `CYRUSV2D'),
		S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\r\n,
		_OPTINS(`CYRUSV2D_MAILER_MAXMSGS', `m=', `, ')_OPTINS(`CYRUSV2D_MAILER_MAXRCPTS', `r=', `, ')T=DNS/RFC822/SMTP,_CYRUSV2D_QGRP
		A=CYRUSV2D_MAILER_ARGS')

PUSHDIVERT(-1)
dnl The place of cyrusv2.m4 in the tree of FreeBSD's port since March 2021, for the tests: MAILER(`cyrusv2') defines
dnl cyrusv2 as the stock file does, and cyrusv2d with it. CYRUSV2D_MAILER_ARGS has the port's mistake: it is the name
dnl of a macro that there is none of, and cyrusv2d itself takes the arguments of cyrusv2.
POPDIVERT
include(_CF_DIR_`'mailer/cyrusv2-stock.m4)
PUSHDIVERT(-1)
_DEFIFNOT(`_DEF_CYRUSV2D_MAILER_FLAGS', `lsDFMnqXz1m')
_DEFIFNOT(`CYRUSV2D_MAILER_FLAGS', `')
ifdef(`CYRUSV2D_MAILER_ARGS', `', `define(`CYRUSV2D_MAILER_ARGS', `_CYRUS_V2_MAILER_ARGS')')
POPDIVERT
Mcyrusv2d,	P=[IPC], F=_MODMF_(CONCAT(_DEF_CYRUSV2D_MAILER_FLAGS, CYRUSV2D_MAILER_FLAGS), `CYRUSV2D'),
		S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\r\n, T=DNS/RFC822/SMTP,
		A=CYRUSV2_MAILER_ARGS

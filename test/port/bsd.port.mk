# A double of FreeBSD's Mk/bsd.port.mk, written after the Porter's Handbook (4.4, 5.8, 6.15 to 6.28, 8.2, 8.8): as much of it as
# port/Makefile uses, run by NetBSD's make, which is FreeBSD's make too. `make -m test/port … stage` extracts the distribution
# file, runs the port's targets in their order, and stages what USE_RC_SUBR, SUB_FILES and a compressed manual page come to.
# A variable that the port names and this file does not define is empty here, as there: so unknown ones are an error.

.if !defined(PORTNAME) || !defined(DISTVERSION) || !defined(CATEGORIES) || !defined(MAINTAINER) || !defined(COMMENT) || !defined(LICENSE)
.error a port must have PORTNAME, DISTVERSION, CATEGORIES, MAINTAINER, COMMENT and LICENSE
.endif

PREFIX?=	/usr/local
LOCALBASE?=	/usr/local
DATADIR?=	${PREFIX}/share/${PORTNAME}
WRKDIR?=	${.CURDIR}/work
WRKSRC?=	${WRKDIR}/${PORTNAME}-${DISTVERSION}
STAGEDIR?=	${WRKDIR}/stage
EXTRACT_SUFX?=	.tar.gz
DISTDIR?=	/usr/ports/distfiles
DISTNAME=	${PORTNAME}-${DISTVERSION}
FILESDIR=	${.CURDIR}/files

MKDIR=		mkdir -p
RLN=		ln -rsf
SED=		sed
REINPLACE_CMD=	sed -i.bak
CHMOD=		chmod
INSTALL_SCRIPT=	install -m 555
INSTALL_DATA=	install -m 444
INSTALL_MAN=	install -m 444
COPYTREE_SHARE=	sh -c 'find "$$0" -type f -exec install -m 444 -D "{}" "$$1/{}" \;'
SUB_LIST=	-e 's|%%PREFIX%%|${PREFIX}|g' -e 's|%%LOCALBASE%%|${LOCALBASE}|g' -e 's|%%DATADIR%%|${DATADIR}|g'

stage: do-extract do-patch do-shebang do-directories do-install do-subfiles do-manuals

do-extract:
	@rm -rf ${WRKDIR}
	@mkdir -p ${WRKDIR}
	@cd ${WRKDIR} && tar xzf ${DISTDIR}/${DISTNAME}${EXTRACT_SUFX}

.if target(post-patch)
do-patch: do-extract post-patch
	@find ${WRKSRC} -name '*.bak' -delete
post-patch: do-extract
.else
do-patch: do-extract
.endif

# Mk/Uses/shebangfix.mk.
do-shebang: do-patch
.for file in ${SHEBANG_FILES}
	@sed -i '1s|^#![[:space:]]*'${node_OLD_CMD}'|#!${node_CMD}|' ${WRKSRC}/${file}
.endfor

# Of Mk/bsd.port.mk's mtree, what exists before do-install.
do-directories: do-shebang
	@for folder in bin etc/rc.d lib share/man/man5 share/man/man8; do mkdir -p ${STAGEDIR}${PREFIX}/$$folder; done

do-install: do-directories

do-subfiles: do-install
.for name in ${USE_RC_SUBR}
	@sed ${SUB_LIST} ${FILESDIR}/${name}.in > ${WRKDIR}/${name}
	@install -m 555 ${WRKDIR}/${name} ${STAGEDIR}${PREFIX}/etc/rc.d/${name}
.endfor
.for name in ${SUB_FILES}
	@sed ${SUB_LIST} ${FILESDIR}/${name}.in > ${WRKDIR}/${name}
.endfor

do-manuals: do-subfiles
	@gzip -n ${STAGEDIR}${PREFIX}/share/man/man*/*.[1-9]

# What pkg-plist stands for, one path a line: keywords resolved, USE_RC_SUBR added, as bsd.port.mk does.
show-plist:
	@sed -e 's|%%DATADIR%%|${DATADIR:S|^${PREFIX}/||}|' -e 's|^@sample ||' ${.CURDIR}/pkg-plist
.for name in ${USE_RC_SUBR}
	@echo etc/rc.d/${name}
.endfor

show-staged:
	@cd ${STAGEDIR}${PREFIX} && find . \( -type f -o -type l \) | sed 's|^\./||'

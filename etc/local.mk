# SPDX-License-Identifier: LGPL-2.1-or-later
confdir = $(sysconfdir)/v6guard
EXTRA_DIST += etc/v6guard.conf
dist_man_MANS += etc/v6guard.conf.5

# v6guard.conf is its operator's: never overwritten, and removed only while it is as shipped.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(confdir)/conf.d'
	@conf='$(DESTDIR)$(confdir)/v6guard.conf'; \
	if test -e "$$conf" || test -h "$$conf"; then \
	  echo "$$conf is kept as it is"; \
	else \
	  $(INSTALL_DATA) '$(srcdir)/etc/v6guard.conf' "$$conf"; \
	fi

uninstall-local:
	@conf='$(DESTDIR)$(confdir)/v6guard.conf'; \
	if cmp -s '$(srcdir)/etc/v6guard.conf' "$$conf"; then \
	  rm -f "$$conf"; \
	elif test -e "$$conf"; then \
	  echo "$$conf was changed and stays"; \
	fi

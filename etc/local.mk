# SPDX-License-Identifier: LGPL-2.1-or-later
confdir = $(sysconfdir)/v6guard
EXTRA_DIST += etc/v6guard.conf
dist_man_MANS += etc/v6guard.conf.5

# Policies for gai.conf by name; an operator's own go to $(confdir)/presets/gai.
gaipresetdir = $(datadir)/v6guard/presets/gai
dist_gaipreset_DATA = \
	etc/presets/gai/no-tunnels.conf \
	etc/presets/gai/prefer-ula.conf

# Where the shells look.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = etc/completions/_v6guard
dist_fishcompletion_DATA = etc/completions/v6guard.fish
nodist_bashcompletion_DATA = etc/completions/v6guard
EXTRA_DIST += etc/completions/v6guard.bash
CLEANFILES += etc/completions/v6guard

# bash looks for the name of the command.
etc/completions/v6guard: etc/completions/v6guard.bash
	$(AM_V_GEN)$(MKDIR_P) etc/completions && cp '$(srcdir)/etc/completions/v6guard.bash' $@

# Where systemd looks for what packages bring; without systemd nobody reads them.
systemddir = $(prefix)/lib/systemd/system
tmpfilesdir = $(prefix)/lib/tmpfiles.d
sysusersdir = $(prefix)/lib/sysusers.d
nodist_systemd_DATA = etc/systemd/v6guardd.service
dist_tmpfiles_DATA = etc/systemd/tmpfiles.d/v6guard.conf
dist_sysusers_DATA = etc/systemd/sysusers.d/v6guard.conf
EXTRA_DIST += etc/systemd/v6guardd.service.in
CLEANFILES += etc/systemd/v6guardd.service

etc/systemd/v6guardd.service: etc/systemd/v6guardd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc/systemd && \
	sed 's|@sbindir[@]|$(sbindir)|g' '$(srcdir)/etc/systemd/v6guardd.service.in' >$@.part && \
	mv $@.part $@

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

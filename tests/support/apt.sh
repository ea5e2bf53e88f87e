# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# For bash scripts: packages of Debian's without installing them.

# apt_private DIR KIND [ARCHITECTURE]: from now on apt has its lists, cache and status of packages below DIR/apt, and as
# sources those of this system, for packages of that architecture (KIND deb) or of sources (KIND deb-src)
apt_private() {
	local dir=$1 kind=$2 architecture=${3:-$(dpkg --print-architecture)} file
	rm -rf "$dir/apt/sources"
	mkdir -p "$dir"/apt/{sources,state/lists/partial,cache/archives/partial} || return
	: >>"$dir/apt/status"
	for file in /etc/apt/sources.list.d/*.sources; do
		if [ -f "$file" ]; then sed "s/^Types:.*/Types: $kind/" "$file" >"$dir/apt/sources/${file##*/}"; fi
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		if [ -f "$file" ]; then sed -n "s/^deb /$kind /p" "$file" >"$dir/apt/sources/${file##*/}.list"; fi
	done
	cat >"$dir/apt.conf" <<-END
		APT::Architecture "$architecture";
		APT::Architectures { "$architecture"; };
		APT::Sandbox::User "";
		Dir::State "$dir/apt/state";
		Dir::State::status "$dir/apt/status";
		Dir::Cache "$dir/apt/cache";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$dir/apt/sources";
	END
	export APT_CONFIG=$dir/apt.conf
	# Where one list of several is not to be had the others may do.
	apt-get -q update >"$dir/update.log" 2>&1 || true
}

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# doc/report.png, the picture of a page of --report in doc/reports.md, from a real run of the forkpool in PATH or
# $FORKPOOL:
#
#	FORKPOOL=build/forkpool doc/report-picture.sh [FILE.png [FILE.html]]
#
# The run packs directories of this machine.  Of what it is given some is not there, some hangs, crashes or goes well
# only the second time.  It needs python3, chromium, tar and xz.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
forkpool=$(command -v "${FORKPOOL:-forkpool}")
case $forkpool in
/*) ;;
*) forkpool=$PWD/$forkpool ;;
esac
picture=$(cd "$(dirname "${1:-$top/doc/report.png}")" && pwd)/$(basename "${1:-report.png}")
page=${2:-}
[ -z "$page" ] || page=$(cd "$(dirname "$page")" && pwd)/$(basename "$page")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >pack <<'END'
#!/bin/sh
case $1 in
*remote*)
	if [ ! -e tried-"${1##*/}" ]; then
		: >tried-"${1##*/}"
		sleep 0.4
		echo "pack: $1: connection reset by peer" >&2
		exit 1
	fi ;;
*index*) sleep 0.3; kill -SEGV $$ ;;
*queue*) echo "pack: $1: waiting for a writer" >&2; read -r line <"$1" ;;
esac
tar -cf "$2.tar" "$1" && xz -T1 -2 -f "$2.tar" && ls -l "$2.tar.xz"
END
chmod +x pack
mkdir out remote remote/photos remote/mail index projects
mkfifo queue
ln -s /usr/share share
ln -s /usr/lib lib
{
	# Large ones and small ones: up to a few megabytes each.
	du -sk share/*/ lib/*/ 2>/dev/null |
		awk '$1 > 100 && $1 < 3000 { sub("/$", "", $2); print $2 }' | sort | head -n 52
	printf '%s\n' remote/photos remote/mail index queue projects/2019 projects/2021
} | awk '{ print (NR * 37) % 59 "\t" $0 }' | sort -n | cut -f2- >list

# Its failures are what the picture is for.
"$forkpool" -j6 --timeout 3 --retries 2 --quiet --report page.html ./pack '{}' 'out/{#}' <list >/dev/null 2>&1 || :
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/support python3 - "$dir" "$picture" <<'END'
import sys
from browser import Browser
directory, picture = sys.argv[1:]
with Browser(directory) as browser:
    page = browser.open(directory + "/page.html", height=1090)
    page.settled()
    page.picture(picture, whole=False)
END
[ -z "$page" ] || mv page.html "$page"

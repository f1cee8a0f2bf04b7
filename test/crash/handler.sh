#!/bin/sh
# Handler of a daemon: notes begin and end of each call in DIR/journal, and ends the daemon where DIR/handler-arm says so.
dir=$1
# Without its end it was cut off: the daemon died before it had written the message.
IFS= read -r line || exit 1
id=${line#*\"id\":\"}; id=${id%%\"*}
type=${line#*\"type\":\"}; type=${type%%\"*}
from=${line##*\"senderName\":\"}; from=${from%%\"*}
attempt=${line##*\"attempt\":}; attempt=${attempt%\}}
n=${line##*\"metadata\":\{\"n\":}; n=${n%%[,\}]*}

# The daemon is the parent. What is left of this call goes on without it, as programs do.
die() {
  [ "$(cat "$dir/handler-arm" 2>/dev/null)" = "$1" ] || return 0
  rm "$dir/handler-arm"
  printf '%s' "$1" > "$dir/died-at"
  kill -9 "$PPID"
}

echo "begin $id $attempt $type $from $n" >> "$dir/journal"
die handler.begun
case $line in
  *'"fails":true'*)
    if [ "$attempt" = 1 ]; then
      echo "failed $id $attempt" >> "$dir/journal"
      exit 1
    fi
    ;;
esac
echo "end $id $attempt" >> "$dir/journal"
sync "$dir/journal"
die handler.ended
echo "{\"body\":\"answer to $n\",\"metadata\":{\"n\":$n}}"

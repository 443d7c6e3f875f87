#!/bin/sh
# exports.sh HEADER LIBRARY...: what each library defines for others is what the header declares.
header=$1
shift
declared=$(sed 's|/\*.*||; /^ \*/d' "$header" | tr '\n' ' ' | tr ';' '\n' | grep STROMA_API |
    grep -o 'stroma_[a-z0-9_]*(' | tr -d '(' | sort -u)
[ "$(echo "$declared" | wc -l)" -ge 40 ] || { echo "the header declares too little"; exit 1; }
for library in "$@"; do
    case $library in
    *.a) exported=$(nm -g --defined-only "$library") ;;
    *) exported=$(nm -D -g --defined-only "$library") ;;
    esac
    exported=$(echo "$exported" | awk 'NF == 3 && $3 !~ /^_(init|fini|edata|end)$/ { print $3 }' |
        sed 's/@.*//' | grep -v '^__bss_start$' | sort -u)
    if [ "$exported" != "$declared" ]; then
        echo "$library: exported and declared differ:"
        { echo "$exported" | sed 's/^/exported /'; echo "$declared" | sed 's/^/declared /'; } |
            sort -k2 | uniq -u -f1
        exit 1
    fi
done

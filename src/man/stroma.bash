# bash completion for stroma. It asks the program itself for commands and options, so it knows what the
# installed program knows. tests/cli/check_completion.sh drives it.
# SPDX-License-Identifier: GPL-3.0-or-later

# Folders, and files with one of the endings.
_stroma_files()
{
    local word=$1 ending
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(
        compgen -d -- "$word"
        for ending in "${@:2}"; do compgen -f -X "!*.$ending" -- "$word"; done
    )
}

_stroma()
{
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)) || { [[ $command == help ]] && [[ $word != -* ]]; }; then
        local names
        names=$("$program" help --options 2>/dev/null | cut -f 1)
        ((COMP_CWORD == 1)) && names+=" --help --version"
        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
        return
    fi
    case $before in
    --batch)
        _stroma_files "$word" csv
        return
        ;;
    --out | -o)
        _stroma_files "$word"
        return
        ;;
    --format)
        mapfile -t COMPREPLY < <(compgen -W "html md" -- "$word")
        return
        ;;
    --at-dose)
        case $command in
        fit | profile) mapfile -t COMPREPLY < <(compgen -W "pre post records" -- "$word") ;;
        serve) mapfile -t COMPREPLY < <(compgen -W "pre post" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "pre post both" -- "$word") ;;
        esac
        return
        ;;
    --set | -s | --source | --lanes | --jobs | -j | --subject | --shard | --starts | --parameter | --parameters | -p | --level | --at)
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" help --options "$command" 2>/dev/null |
            cut -f 1,2 | tr '\t' '\n')" -- "$word")
        return
    fi
    case $command in
    merge | list | compare) _stroma_files "$word" ;;
    params)
        if ((COMP_CWORD == 2)); then
            mapfile -t COMPREPLY < <(compgen -W "get set diff" -- "$word")
        else
            _stroma_files "$word" cfg
        fi
        ;;
    run | plot | report | fit | profile | sens | serve) _stroma_files "$word" cfg ;;
    check | show) _stroma_files "$word" cfg stroma ;;
    explain)
        mapfile -t COMPREPLY < <(compgen -W "$("$program" explain 2>/dev/null |
            sed -n 's/^  \([^ ]*\).*/\1/p')" -- "$word")
        ;;
    esac
}

complete -F _stroma stroma

package cli

import (
	"fmt"
	"strings"
)

// shell is a kind of shell, and how its language says things. It is the value
// of --shell.
type shell struct {
	*choice
	dialects map[string]dialect
}

// dialect is the language of a kind of shell. The texts have %[1]s for all
// names; they work under the strictest settings of their shell, such as set -eu.
type dialect struct {
	set   func(name, value string) string
	unset func(name string) string
	// keep saves what variables held, for takeBack; once, however often env is
	// evaluated.
	keep string
	// give gives that back, where there is something to give back.
	give string
	// prompt shows in the prompt of an interactive shell that this is not the
	// vendor's cloud, and plain takes that away.
	prompt, plain string
	names         func([]string) string
}

// keptPrefix begins the names of the variables that hold what others held.
const keptPrefix = "SPURLINE_WAS_"

// newShell returns the choice of a shell.
func newShell() *shell {
	return &shell{newChoice("bash", "fish", "powershell"), map[string]dialect{"bash": posix(), "fish": fish(), "powershell": powershell()}}
}

// point returns the lines that set variables.
func (s *shell) point(vars []variable) string {
	d := s.dialects[s.value]
	var b strings.Builder
	fmt.Fprintf(&b, d.keep, d.names(variableNames()))
	for _, v := range vars {
		if v.value == "" {
			b.WriteString(d.unset(v.name))
		} else {
			b.WriteString(d.set(v.name, v.value))
		}
	}
	b.WriteString(d.prompt)
	return b.String()
}

// takeBack returns the lines that undo those of point.
func (s *shell) takeBack() string {
	d := s.dialects[s.value]
	return fmt.Sprintf(d.give, d.names(variableNames())) + d.plain
}

// posix is the language of sh, and so of bash and zsh.
func posix() dialect {
	return dialect{
		set:   func(name, value string) string { return "export " + name + "=" + quote(value) + "\n" },
		unset: func(name string) string { return "unset " + name + "\n" },
		names: func(names []string) string { return strings.Join(names, " ") },
		keep: `if [ -z "${` + envVar + `-}" ]; then for _spurline in %[1]s; do` +
			` eval "[ -z \"\${$_spurline+x}\" ] || export ` + keptPrefix + `$_spurline=\"\$$_spurline\""; done; unset _spurline; fi` + "\n",
		give: `if [ -n "${` + envVar + `-}" ]; then for _spurline in %[1]s; do unset "$_spurline";` +
			` eval "[ -z \"\${` + keptPrefix + `$_spurline+x}\" ] || export $_spurline=\"\$` + keptPrefix + `$_spurline\""; unset "` + keptPrefix + `$_spurline"; done; unset _spurline; fi` + "\n",
		prompt: `case $- in *i*) case "${PS1-}" in '(spurline) '*) ;; *) PS1="(spurline) ${PS1-}" ;; esac ;; esac` + "\n",
		plain:  `case "${PS1-}" in '(spurline) '*) PS1="${PS1#'(spurline) '}" ;; esac` + "\n",
	}
}

// fish is the language of fish.
func fish() dialect {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	return dialect{
		set:   func(name, value string) string { return "set -gx " + name + " '" + quoted.Replace(value) + "'\n" },
		unset: func(name string) string { return "set -e " + name + "\n" },
		names: func(names []string) string { return strings.Join(names, " ") },
		keep: `if not set -q ` + envVar + `; for _spurline in %[1]s; set -q $_spurline; and set -gx ` + keptPrefix + `$_spurline $$_spurline; end;` +
			` set -e _spurline; end` + "\n",
		give: `if set -q ` + envVar + `; for _spurline in %[1]s; set -e $_spurline; set -l kept ` + keptPrefix + `$_spurline; if set -q $kept; set -gx $_spurline $$kept; set -e $kept; end; end;` +
			` set -e _spurline; end` + "\n",
		prompt: `if status is-interactive; and functions -q fish_prompt; and not functions -q _spurline_prompt;` +
			` functions -c fish_prompt _spurline_prompt; function fish_prompt; echo -n '(spurline) '; _spurline_prompt; end; end` + "\n",
		plain: `if functions -q _spurline_prompt; functions -e fish_prompt; functions -c _spurline_prompt fish_prompt; functions -e _spurline_prompt; end` + "\n",
	}
}

// powershell is the language of PowerShell, which takes four more characters
// for a quote.
func powershell() dialect {
	quoted := strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛")
	return dialect{
		set:   func(name, value string) string { return "$env:" + name + " = '" + quoted.Replace(value) + "'\n" },
		unset: func(name string) string { return "Remove-Item Env:" + name + " -ErrorAction SilentlyContinue\n" },
		names: func(names []string) string { return "'" + strings.Join(names, "','") + "'" },
		keep:  `if (-not $env:` + envVar + `) { foreach ($n in %[1]s) { if (Test-Path "Env:$n") { Set-Item "Env:` + keptPrefix + `$n" (Get-Item "Env:$n").Value } } }` + "\n",
		give: `if ($env:` + envVar + `) { foreach ($n in %[1]s) { Remove-Item "Env:$n" -ErrorAction SilentlyContinue; if (Test-Path "Env:` + keptPrefix + `$n") {` +
			` Set-Item "Env:$n" (Get-Item "Env:` + keptPrefix + `$n").Value; Remove-Item "Env:` + keptPrefix + `$n" } } }` + "\n",
		prompt: `if (-not (Test-Path Function:_spurline_prompt)) { Copy-Item Function:prompt Function:global:_spurline_prompt;` +
			` function global:prompt { '(spurline) ' + (_spurline_prompt) } }` + "\n",
		plain: `if (Test-Path Function:_spurline_prompt) { Copy-Item Function:_spurline_prompt Function:global:prompt; Remove-Item Function:_spurline_prompt }` + "\n",
	}
}

// quote writes a word for a POSIX shell. One that needs no quotes has none,
// because people read these lines too.
func quote(s string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@+:,./_-"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

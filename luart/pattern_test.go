package luart

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patternCases writes Lua that prints what the functions of string make of random texts and patterns.
func patternCases(seed int64, n int) string {
	r := rand.New(rand.NewSource(seed))
	pieces := []string{
		"a", "b", "x", "A", "1", " ", ".", "%a", "%d", "%w", "%s", "%u", "%l", "%x", "%p", "%c", "%z", "%A", "%W", "%D", "%.", "%%", "%-",
		"[ab]", "[^a]", "[a-x]", "[%d_]", "[]]", "[^]]", "[a-]", "[%a%]]", "*", "+", "-", "?", "(", ")", "()", "%1", "%2", "%b()", "%baa", "%f[%w]", "%f[^a]",
		"^", "$", "[", "%", "%f", "%b", "]",
	}
	texts := []string{"a", "b", "x", "A", "1", " ", "(", ")", "-", "]", "%", "\\0", "_"}
	random := func(from []string, most int) string {
		var b strings.Builder
		for range r.Intn(most + 1) {
			b.WriteString(from[r.Intn(len(from))])
		}
		return b.String()
	}
	var b strings.Builder
	b.WriteString(`local function show(what, ok, ...)
	local t = {what, tostring(ok)}
	for i = 1, ok and select("#", ...) or 0 do t[#t + 1] = tostring((select(i, ...))) end
	io.write(table.concat(t, "|"), "\n")
end
local function all(text, pattern)
	local t = {}
	for a, b in string.gmatch(text, pattern) do t[#t + 1] = tostring(a) .. "," .. tostring(b) end
	return unpack(t)
end
local function cases(i, text, pattern, repl)
	show(i, pcall(string.find, text, pattern))
	show(i, pcall(string.find, text, pattern, -3))
	show(i, pcall(string.find, text, pattern, 2, true))
	show(i, pcall(string.match, text, pattern))
	show(i, pcall(string.match, text, pattern, 3))
	if pattern:sub(1, 1) ~= "^" then show(i, pcall(all, text, pattern)) end
	show(i, pcall(string.gsub, text, pattern, repl))
	show(i, pcall(string.gsub, text, pattern, "<%0>", 2))
	show(i, pcall(string.gsub, text, pattern, {a = "A", b = false, x = 1}))
	show(i, pcall(string.gsub, text, pattern, function(a, b) return a and b end))
end
`)
	for i := range n {
		fmt.Fprintf(&b, "cases(%d, \"%s\", \"%s\", \"%s\")\n", i, random(texts, 12), random(pieces, 5), random([]string{"a", "%1", "%0", "%2", "%%"}, 3))
	}
	return b.String()
}

// Lua's own interpreter says what is right.
func TestPatternsAsInLua(t *testing.T) {
	interpreter, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("there is no lua5.1 to compare with; apt-get install lua5.1")
	}
	for seed := range int64(20) {
		text := patternCases(seed, 200)
		file := filepath.Join(t.TempDir(), "cases.lua")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		want, err := exec.Command(interpreter, file).Output()
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if _, err := loadText(t, text, LoadOptions{Stdout: &got}); err != nil {
			t.Fatal(err)
		}
		gots, wants := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
		if len(gots) != len(wants) {
			t.Fatalf("%d lines, want %d", len(gots), len(wants))
		}
		for i := range wants {
			if gots[i] != wants[i] {
				number, _, _ := strings.Cut(wants[i], "|")
				_, rest, _ := strings.Cut(text, "\ncases("+number+",")
				line, _, _ := strings.Cut(rest, "\n")
				t.Errorf("got %q, want %q\ncases(%s,%s", gots[i], wants[i], number, line)
			}
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for code, want := range map[string]string{
		`("x"):find("[a")`:                                "string.find: malformed pattern (missing ']')",
		`("x"):find("%")`:                                 "string.find: malformed pattern (ends with '%')",
		`("x"):match("(x")`:                               "string.match: unfinished capture",
		`("x"):match("x)")`:                               "string.match: invalid pattern capture",
		`("x"):gmatch("%1")()`:                            "string.gmatch: invalid capture index",
		`("x"):gsub("%b", "")`:                            "string.gsub: unbalanced pattern",
		`("x"):find(("()"):rep(33))`:                      "string.find: the pattern has more than 32 captures",
		`("x"):rep(20000):find(("x?"):rep(20000) .. "y")`: "string.find: the pattern is too complex",
		`("x"):gsub("x", "%2")`:                           "string.gsub: the replacement has %2, but the pattern has no captures",
		`("x"):gsub("x", "%")`:                            "string.gsub: the replacement ends with '%'; write %% for one",
		`("x"):gsub("x", true)`:                           "string.gsub: repl: expected a string, table or function, got a boolean",
		`("x"):gsub("x", function() return {} end)`:       "string.gsub: expected a string as the replacement, got a table",
		`("x"):rep(1e5):gsub("x", ("y"):rep(1e4))`:        "string.gsub: the result would be larger than 256 MB",
	} {
		_, err := loadText(t, code, LoadOptions{})
		ds := diagnostics(t, err)
		if len(ds) != 1 || ds[0].Text != want {
			t.Errorf("%s: got %v, want %s", code, err, want)
		}
	}
}

// One call that takes for ever is ended as a loop is.
func TestSlowCallsEnd(t *testing.T) {
	for name, code := range map[string]string{
		"find":         `("a"):rep(100):find(("a-"):rep(50) .. "b")`,
		"match":        `("a"):rep(100):match(("a*"):rep(50) .. "b")`,
		"gmatch":       `for x in ("a"):rep(100):gmatch(("(a+)"):rep(30) .. "b") do end`,
		"gsub":         `("a"):rep(100):gsub(("a?"):rep(90) .. "b", "")`,
		"find at each": `("a"):rep(1e7):find(".-.-.-b")`,
		"caught":       `while true do pcall(string.find, ("a"):rep(100), ("a-"):rep(50) .. "b") end`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := loadText(t, "entry(function() "+code+" end)", LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			expectEnded(t, s.Run(t.Context(), nil, RunOptions{Timeout: forever, CallbackTimeout: 50 * time.Millisecond}), "entry")
		})
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"^(%a+)%s*=%s*(.-)$", "%b()", "%f[%w]%w+", "[^%]]-", "()", "(.)%1", "[a-", "%"} {
		f.Add("key = value (nested (deep)) xx", p)
	}
	f.Fuzz(func(t *testing.T, text, pattern string) {
		type spent struct{}
		defer func() {
			if r := recover(); r != nil && r != any(spent{}) {
				panic(r)
			}
		}()
		m := matcher{text: text, pattern: pattern, check: func() { panic(spent{}) }}
		for start := 0; start <= len(text); start++ {
			end, err := m.match(start)
			if err != nil {
				return
			}
			if end >= 0 && end < start || end > len(text) {
				t.Fatalf("the match of %q at %d of %q ends at %d", pattern, start, text, end)
			}
		}
	})
}

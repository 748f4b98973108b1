package luart

import (
	"strings"
	"testing"
)

// Tables and charts are as wide as the terminal, and whole where there is none.
func TestRender(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, test := range []struct {
		width      int
		code, want string
	}{
		{0, `printtable({{comm = "日本語", n = 1, path = "` + long + `"}, {comm = "sh", n = 18446744073709551615}})`,
			"COMM                       N  PATH\n日本語                     1  " + long + "\nsh      18446744073709551615\n"},
		{40, `printtable({{comm = "日本語", n = 1, path = "` + long + `"}}, {"comm", "n", "path"})`,
			"COMM    N  PATH\n日本語  1  " + strings.Repeat("x", 28) + "…\n"},
		{0, `printtable({{"a", 1}, {"b", 20}}, {"name", "n"})`, "NAME   N\na      1\nb     20\n"},
		{0, `printtable({{"a", 1}, {"b"}})`, "1  2\na  1\nb\n"},
		{0, `printtable({}, {"a", "b"})`, "A  B\n"},
		{0, `printtable({{a = {1, 2}, b = true}})`, "A       B\n{1, 2}  true\n"},
		{0, `printtable(count({"x", "y", "x"}))`, "KEY  COUNT\nx        2\ny        1\n"},
		{0, `printtable(count({"x", "y", "x"}), {"count"})`, "COUNT\n    2\n    1\n"},
		{40, `bars({{"a", 1}, {"b", 4}})`, "a                       1 |@@@         |\nb                       4 |@@@@@@@@@@@@|\n"},
		{0, `bars(count({"x", "x", "y"}))`, "x                       2 |" + strings.Repeat("@", 52) + "|\ny                       1 |" + strings.Repeat("@", 26) + strings.Repeat(" ", 26) + "|\n"},
		{0, `bars({})`, ""},
		{0, `print(sparkline({}), sparkline({1, 2, 3}, 2))`, "\t▃█\n"},
	} {
		var out strings.Builder
		opts := LoadOptions{Stdout: &out, Screen: func() (int, int) { return test.width, min(test.width, 24) }}
		if _, err := loadText(t, test.code, opts); err != nil {
			t.Errorf("%s: %v", test.code, err)
		}
		if out.String() != test.want {
			t.Errorf("%s at %d columns prints\n%swant\n%s", test.code, test.width, out.String(), test.want)
		}
	}
}

// On a terminal a screen is drawn in the same place, and never more than it has lines.
func TestScreen(t *testing.T) {
	const script = `
		local n = 0
		target("p") add_files("p.bpf.o")
			screen(1, function(handle)
				n = n + #handle.name
				for i = 1, 5 do print(n, "line " .. i) end
				if n == 2 then stop() end
			end)`
	for _, test := range []struct {
		height int
		want   string
	}{
		{0, "1\tline 1\n1\tline 2\n1\tline 3\n1\tline 4\n1\tline 5\n\n2\tline 1\n2\tline 2\n2\tline 3\n2\tline 4\n2\tline 5\n"},
		{3, "\x1b[2J\x1b[H\x1b[?7l\x1b[K1\tline 1\n\x1b[K1\tline 2\n\x1b[J\x1b[?7h\x1b[H\x1b[?7l\x1b[K2\tline 1\n\x1b[K2\tline 2\n\x1b[J\x1b[?7h"},
	} {
		r, err := runLoaded(t, script, LoadOptions{Screen: func() (int, int) { return 80 * min(test.height, 1), test.height }}, RunOptions{Timeout: forever})
		if err != nil {
			t.Fatal(err)
		}
		if r.out.String() != test.want {
			t.Errorf("at %d lines %q is written, want %q", test.height, r.out.String(), test.want)
		}
	}
}

// What a screen's function raises is told, and what it prints afterwards is printed as ever.
func TestScreenErrors(t *testing.T) {
	r, err := runKernel(t, `target("p") add_files("p.bpf.o")
		screen(1, function() print("lost") sleep(1) end)
		on_exit(function() print("exit") end)`, RunOptions{Timeout: forever})
	if err == nil || !strings.Contains(err.Error(), "sleep: ") {
		t.Errorf("sleeping in a screen: %v", err)
	}
	if got := r.out.String(); got != "exit\n" {
		t.Errorf("printed %q", got)
	}
}

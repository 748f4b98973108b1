package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// terminal is a terminal of 60 columns and 12 lines in which a command runs.
type terminal struct {
	t      *testing.T
	socket string
}

// openTerminal runs a command line of the shell in a terminal of its own.
func openTerminal(t *testing.T, command string, env ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if requireKernel() {
			t.Fatal(err)
		}
		t.Skip("no tmux")
	}
	term := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	args := []string{"-S", term.socket, "-f", "/dev/null", "new-session", "-d", "-x", "60", "-y", "12"}
	for _, e := range append(env, "TERM=screen") {
		args = append(args, "-e", e)
	}
	if out, err := exec.Command("tmux", append(args, command)...).CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", term.socket, "kill-server").Run() }) // fails where the command has ended
	return term
}

func (term *terminal) tmux(args ...string) string {
	out, _ := exec.Command("tmux", append([]string{"-S", term.socket}, args...)...).Output() // fails where the command has ended
	return string(out)
}

// keys types keys, each as tmux names it.
func (term *terminal) keys(keys ...string) {
	term.tmux(append([]string{"send-keys", "-t", "0"}, keys...)...)
}

// await waits until what the terminal shows is as wanted.
func (term *terminal) await(what string, wanted func(screen string) bool) string {
	term.t.Helper()
	var screen string
	if !poll(func() bool { screen = term.tmux("capture-pane", "-p", "-t", "0"); return wanted(screen) }) {
		term.t.Fatalf("never saw %s; the terminal shows\n%s", what, screen)
	}
	return screen
}

func (term *terminal) awaitText(text string) string {
	term.t.Helper()
	return term.await(text, func(screen string) bool { return strings.Contains(screen, text) })
}

// The prompt evaluates, goes on over several lines, completes, and remembers.
func TestPrompt(t *testing.T) {
	self, err := exec.LookPath("ebpfx")
	if err != nil {
		t.Fatal(err)
	}
	state := "XDG_STATE_HOME=" + t.TempDir()
	term := openTerminal(t, self+" lua", state)
	term.awaitText("Ctrl-D leaves")
	term.keys("1 + 41", "Enter")
	term.awaitText("\n42\n")
	term.keys("for i = 1, 2 do", "Enter")
	term.awaitText("\n>>")
	term.keys("print('line', i) end", "Enter")
	term.awaitText("line    2")
	term.keys("printt", "Tab")
	term.awaitText("> printtable")
	term.keys("({{a = 7}})", "Enter")
	term.awaitText("\nA\n7\n")
	term.keys("srot()", "Enter")
	term.awaitText("did you mean sort?")
	term.keys("help now", "Enter")
	term.awaitText("Belongs inside a function")
	// Ctrl-C ends what runs, as often as need be, and what was set stays.
	term.keys("kept = 'kept' .. 'safe'", "Enter")
	for i, busy := range []string{"while true do end", "sleep(1e9)"} {
		term.keys(fmt.Sprintf("print('busy' .. %d) %s", i, busy), "Enter")
		term.awaitText(fmt.Sprintf("\nbusy%d\n", i))
		term.keys("C-c")
		term.keys(fmt.Sprintf("=kept .. %d", i), "Enter")
		term.awaitText(fmt.Sprintf("\nkeptsafe%d\n", i))
	}
	term.keys("C-d")
	poll(func() bool { return !strings.Contains(term.tmux("list-sessions"), "0") })

	again := openTerminal(t, self+" lua", state)
	again.awaitText("Ctrl-D leaves")
	again.keys("Up")
	again.awaitText("> =kept .. 1")
}

// liveProject makes a project whose screen, redrawn all the time, is what the Lua code draw prints, and returns its folder and the command.
func liveProject(t *testing.T, draw string) (dir, self string) {
	t.Helper()
	needRoot(t)
	if _, err := exec.LookPath("clang"); err != nil {
		t.Skip("no clang")
	}
	self, err := exec.LookPath("ebpfx")
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "live")
	if out, err := exec.Command(self, "new", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	project := `target("tracepoint")
    add_files("src/tracepoint.bpf.c")
    on_event(function() end)
    local n = 0
    screen(50, function()
        n = n + 1
` + draw + `
    end)`
	if err := os.WriteFile(filepath.Join(dir, "project.lua"), []byte(project), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, self
}

// A screen is drawn in place, as high as the terminal, and the shell's prompt follows it.
func TestLiveScreen(t *testing.T) {
	dir, self := liveProject(t, `
        print("drawn " .. n .. " times")
        for i = 1, 30 do print("row " .. i .. string.rep("x", 100)) end
        if n == 5 then stop() end`)
	term := openTerminal(t, fmt.Sprintf("cd %s && %s run -q; printf 'the end'; exec cat", dir, self))
	got := strings.TrimRight(term.awaitText("the end"), "\n")
	want := "drawn 5 times\n"
	for i := 1; i <= 10; i++ {
		row := fmt.Sprintf("row %d", i)
		want += row + strings.Repeat("x", 60-len(row)) + "\n"
	}
	if want += "the end"; got != want {
		t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
	}
}

// A screen fits a window that becomes smaller and larger, and Ctrl-C leaves the terminal as it was: long lines are wrapped again, and what is
// typed is seen.
func TestLiveScreenResized(t *testing.T) {
	dir, self := liveProject(t, `for i = 1, 30 do print("row " .. i .. string.rep("x", 100)) end`)
	term := openTerminal(t, fmt.Sprintf("cd %s && stty -a >before; %s run -q; stty -a >after; cmp before after && echo the same; exec cat", dir, self))
	rows := func(n, columns int) func(string) bool {
		want := ""
		for i := 1; i <= n; i++ {
			row := fmt.Sprintf("row %d", i)
			want += row + strings.Repeat("x", columns-len(row)) + "\n"
		}
		return func(screen string) bool { return strings.TrimRight(screen, "\n") == strings.TrimRight(want, "\n") }
	}
	term.await("12 lines", rows(11, 60))
	term.tmux("resize-window", "-x", "40", "-y", "8")
	term.await("8 lines", rows(7, 40))
	term.tmux("resize-window", "-x", "60", "-y", "12")
	term.await("12 lines again", rows(11, 60))
	term.keys("C-c")
	term.awaitText("the same")
	term.keys("typed" + strings.Repeat("y", 60) + "end")
	term.awaitText("\ny")
}

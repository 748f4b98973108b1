// Command openbench measures what the opensnoop example with -o json costs while files are opened at a steady rate: the CPU time of the whole
// process, user's and kernel's, for each event, and how many events did not fit into the ring. What the process takes to start is measured by itself.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "openbench:", err)
		os.Exit(1)
	}
}

func bench() error {
	ebpfx := flag.String("ebpfx", "bin/ebpfx", "the `binary` to measure")
	project := flag.String("project", "examples/opensnoop", "the example's `folder`")
	rate := flag.Int("rate", 100_000, "`opens` a second")
	length := flag.Duration("d", 3*time.Second, "how `long` files are opened")
	flag.Parse()

	dir, err := os.MkdirTemp("", "openbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "project") // what is built belongs to whoever measures
	if err := os.CopyFS(copied, os.DirFS(*project)); err != nil {
		return fmt.Errorf("copy the example: %w", err)
	}
	if out, err := exec.Command(*ebpfx, "build", "-P", copied, "raw").CombinedOutput(); err != nil {
		return fmt.Errorf("build the example: %w\n%s", err, out)
	}
	run := &run{args: []string{*ebpfx, "run", "-q", "-P", copied, "-o", "json", "raw"}, output: filepath.Join(dir, "events")}
	idle, err := run.measure(nil)
	if err != nil {
		return err
	}
	for _, gap := range []struct {
		name string
		open opener
	}{
		{"one by one", opener{rate: *rate, gap: 0}},
		{"100 at once", opener{rate: *rate, gap: 100 * time.Second / time.Duration(*rate)}},
	} {
		busy, err := run.measure(func() int { return gap.open.run(*length) })
		if err != nil {
			return err
		}
		fmt.Printf("%-12s %4.2f us of CPU an event at %.0f opens a second (%.0f %% in the kernel), %d of %d lost\n", gap.name,
			float64((busy.cpu()-idle.cpu()).Microseconds())/float64(busy.events), float64(busy.opened)/length.Seconds(),
			100*float64(busy.system-idle.system)/float64(busy.cpu()-idle.cpu()), busy.opened-busy.events, busy.opened)
	}
	fmt.Printf("%-12s %4.0f ms of CPU to start and stop\n", "beside it", float64(idle.cpu().Milliseconds()))
	return nil
}

// run is how the example is run.
type run struct {
	args   []string
	output string // a file
}

// usage is what was measured of one run.
type usage struct {
	user, system   time.Duration
	opened, events int
}

func (u usage) cpu() time.Duration { return u.user + u.system }

// measure runs the example while open, if it is not nil, opens files and returns how many.
func (r *run) measure(open func() int) (u usage, err error) {
	out, err := os.Create(r.output)
	if err != nil {
		return u, err
	}
	defer out.Close()
	cmd := exec.Command(r.args[0], r.args[1:]...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &said
	if err := cmd.Start(); err != nil {
		return u, fmt.Errorf("start %s: %w", r.args[0], err)
	}
	if err := r.untilSeen(); err != nil {
		_ = cmd.Process.Kill()
		return u, errors.Join(err, cmd.Wait(), errors.New(said.String()))
	}
	if open != nil {
		u.opened = open()
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return u, fmt.Errorf("interrupt %s: %w", r.args[0], err)
	}
	if err := cmd.Wait(); err != nil {
		return u, fmt.Errorf("run %s: %w\n%s", r.args[0], err, &said)
	}
	spent, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return u, errors.New("this system does not report the CPU time of processes")
	}
	u.user, u.system = time.Duration(spent.Utime.Nano()), time.Duration(spent.Stime.Nano())
	u.events, err = r.count(missing)
	return u, err
}

// untilSeen waits until opens are traced.
func (r *run) untilSeen() error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		_ = openOnce(probe)
		if n, err := r.count(probe); n > 0 || err != nil {
			return err
		}
	}
	return errors.New("no open is traced")
}

// count returns how many events in the output are about path.
func (r *run) count(path string) (int, error) {
	text, err := os.ReadFile(r.output)
	if err != nil {
		return 0, err
	}
	quoted, err := json.Marshal(path)
	if err != nil {
		return 0, err
	}
	return bytes.Count(text, append([]byte(`"path":`), quoted...)), nil
}

// Command buildbench measures "ebpfx build" on a generated project, beside make running plain clang on the same
// files with the same vmlinux.h. Runs of the two take turns, so that whatever else the machine does falls on both.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "buildbench:", err)
		os.Exit(1)
	}
}

// quickRuns is how often what takes milliseconds is repeated.
const quickRuns = 21

func bench() error {
	ebpfx := flag.String("ebpfx", "bin/ebpfx", "the `binary` to measure")
	rounds := flag.Int("n", 3, "`rounds`, of which medians are taken")
	flag.Parse()
	binary, err := filepath.Abs(*ebpfx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "buildbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := &project{dir: dir, binary: binary}
	if err := p.generate(); err != nil {
		return err
	}

	var plain, first, warm, memory []float64
	for range *rounds {
		for _, step := range []struct {
			prepare func() error
			command []string
			times   *[]float64
		}{
			{p.removeAll, p.ebpfx(), &first},
			{p.removeObjects, p.ebpfx(), &warm},
			{p.removePlain, []string{"make", "-j2"}, &plain},
		} {
			if err := step.prepare(); err != nil {
				return err
			}
			r, err := p.run(step.command...)
			if err != nil {
				return err
			}
			*step.times = append(*step.times, r.milliseconds())
			if step.command[0] == binary {
				memory = append(memory, float64(r.ownMemory)/1024)
			}
		}
	}

	nothing, err := p.repeat(nil, p.ebpfx()...)
	if err != nil {
		return err
	}
	nothingOfOne, err := p.repeat(nil, p.ebpfx("tool0")...)
	if err != nil {
		return err
	}
	var changed, single []float64
	for range quickRuns {
		// In turns, too: these are close.
		one, err := p.changeAndBuild()
		if err != nil {
			return err
		}
		clang, err := p.run(p.clang(0)...)
		if err != nil {
			return err
		}
		changed, single = append(changed, one.milliseconds()), append(single, clang.milliseconds())
	}

	fmt.Printf("%d targets, make -j2 with plain clang: %.0f ms\n", targets, median(plain))
	fmt.Printf("%-46s %9s   %s\n", "", "measured", "bar")
	row := func(what, format string, value float64, bar string) {
		fmt.Printf("%-46s %9s   %s\n", what, fmt.Sprintf(format, value), bar)
	}
	row("cold build, header at hand: times faster", "%.1f", median(plain)/median(warm), "at least 4")
	row("very first build: times faster", "%.1f", median(plain)/median(first), "at least 2.5")
	row("nothing to do, 40 targets", "%.1f ms", median(nothing), "30 ms or less")
	row("nothing to do, 1 target", "%.1f ms", median(nothingOfOne), "15 ms or less")
	row("one file changed, in clang calls", "%.2f", median(changed)/median(single), "1.3 or less")
	row("memory beside clang's", "%.0f MB", slices.Max(memory), "40 MB or less")
	return nil
}

// repeat runs a command often and returns the times in milliseconds.
func (p *project) repeat(prepare func() error, command ...string) ([]float64, error) {
	var times []float64
	for range quickRuns {
		if prepare != nil {
			if err := prepare(); err != nil {
				return nil, err
			}
		}
		r, err := p.run(command...)
		if err != nil {
			return nil, err
		}
		times = append(times, r.milliseconds())
	}
	return times, nil
}

func (r result) milliseconds() float64 { return float64(r.time) / float64(time.Millisecond) }

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

var errNoHeader = errors.New("ebpfx left no vmlinux.h in its cache")

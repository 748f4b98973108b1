package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

// checkSchema describes the JSON of check, for people and for validators.
//
//go:embed check.schema.json
var checkSchema string

func checkCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "ask the kernel whether it takes the programs, without attaching them",
		ArgsUsage: "[TARGET|FILE...]",
		Description: `Builds the named targets, or the default ones, and loads every program into the kernel,
which verifies it; nothing is attached and nothing stays. Shows what the verifier counted and what
the maps take, and on refusal the C line with the end of the verifier's log. Exits with 1 when a
program is refused. A FILE, a *.bpf.c or *.bpf.o, needs no project; one that cannot be built or read
is reported, and the others are checked.

VERDICT is verified, refused (by the verifier), failed (for another reason), alternative (not loaded, but
another program for the same probe is), or unchecked (what it traces is not known yet).

Examples:
  sudo ebpfx check                       all default targets
  sudo ebpfx check opensnoop -v          one of them, with the whole log if it is refused
  sudo ebpfx check tool.bpf.o
  sudo ebpfx check -o json | jq '.[].programs[] | select(.processed > 100000)'
  ebpfx check --schema                   what the JSON holds, as a JSON schema`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "schema", Usage: "print the JSON schema of -o json", DisableDefaultText: true},
		},
		Action: action(con, checkPrograms),
	}
}

// checked is a target or a file as check -o json shows it.
type checked struct {
	Target   string           `json:"target"`
	OK       bool             `json:"ok"`
	Error    string           `json:"error,omitempty"` // why nothing of it was checked
	Programs []checkedProgram `json:"programs"`
	Maps     []checkedMap     `json:"maps"`

	errs []error
}

type checkedProgram struct {
	Name         string   `json:"name"`
	Section      string   `json:"section"`
	Verdict      string   `json:"verdict"`
	Instructions int      `json:"instructions"`
	Processed    int      `json:"processed"` // instructions that the verifier followed; 0 where it does not tell
	Stack        []int    `json:"stack"`     // bytes, of the program and each of its subprograms
	Error        string   `json:"error,omitempty"`
	File         string   `json:"file,omitempty"` // of the C line that the verifier refuses
	Line         int      `json:"line,omitempty"`
	Source       string   `json:"source,omitempty"`
	Log          []string `json:"log,omitempty"` // the end of the verifier's log; all of it with -v
}

type checkedMap struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	MaxEntries uint32 `json:"max_entries"`
	Bytes      uint64 `json:"bytes"` // of memory; 0 where the kernel does not tell
}

// toCheck is one thing to be checked.
type toCheck struct {
	name  string
	check func() (*bpf.Report, error)
}

func checkPrograms(ctx context.Context, c *call) error {
	if c.cli.Bool("schema") {
		_, err := io.WriteString(c.stdout, checkSchema)
		return err
	}
	wanted, done, err := c.toCheck(ctx)
	if err != nil {
		return err
	}
	defer done()
	results := make([]checked, len(wanted))
	// The verifier takes most of the time, and a CPU a program.
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for i, w := range wanted {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if ctx.Err() == nil {
				results[i] = c.checkOne(w)
			}
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	switch c.flags.output {
	case "json":
		err = c.printJSON(results)
	case "table":
		err = c.printTable(checkRows(results))
	}
	errs := []error{err}
	for _, r := range results {
		errs = append(errs, r.errs...)
	}
	return errors.Join(errs...)
}

// toCheck builds what the arguments name. done is to be called when all is checked.
func (c *call) toCheck(ctx context.Context) (wanted []toCheck, done func(), err error) {
	var names []string
	for _, arg := range c.args {
		if !isProgram(arg) {
			names = append(names, arg)
			continue
		}
		p, err := c.openProgram(ctx, arg)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		wanted = append(wanted, toCheck{arg, func() (*bpf.Report, error) {
			if err != nil { // it fails alone: the others are checked
				return nil, err
			}
			return p.object.Check(bpf.LoadOptions{})
		}})
	}
	if len(names) == 0 && len(wanted) > 0 {
		return wanted, func() {}, nil
	}
	script, err := c.load(ctx, luart.LoadOptions{Stdout: c.stderr})
	if err != nil {
		return nil, nil, err
	}
	targets, err := pick(script.Project(), names)
	var result *builder.Result
	if err == nil {
		err = script.BeforeBuild(targets...)
	}
	if err == nil {
		result, err = c.build(ctx, script.Project(), targets, false)
	}
	if err == nil {
		err = script.AfterBuild(result.Objects)
	}
	if err != nil {
		script.Close()
		return nil, nil, err
	}
	for _, t := range targets {
		wanted = append(wanted, toCheck{t.Name, func() (*bpf.Report, error) { return script.Check(t, result.Objects[t]) }})
	}
	return wanted, script.Close, nil
}

// checkOne checks w and says what came of it.
func (c *call) checkOne(w toCheck) checked {
	r := checked{Target: w.name, Programs: []checkedProgram{}, Maps: []checkedMap{}}
	report, err := w.check()
	if err != nil {
		r.Error, r.errs = err.Error(), []error{err}
		return r
	}
	r.OK = report.OK()
	for _, p := range report.Programs {
		shown := checkedProgram{
			Name: p.Name, Section: p.Section, Verdict: p.Verdict, Instructions: p.Instructions, Processed: p.Processed, Stack: append([]int{}, p.Stack...),
		}
		if p.Err != nil {
			shown.Error = p.Err.Error()
		}
		var refused *bpf.VerifierError
		if errors.As(p.Err, &refused) {
			shown.File, shown.Line, shown.Source, shown.Log = refused.File, refused.Line, refused.Source, refused.Log
			if !c.verbose {
				shown.Log = refused.Last(lastLines)
			}
		}
		if p.Verdict == bpf.Refused || p.Verdict == bpf.Failed {
			r.errs = append(r.errs, named(w.name, p))
		}
		r.Programs = append(r.Programs, shown)
	}
	for _, m := range report.Maps {
		r.Maps = append(r.Maps, checkedMap(m))
	}
	return r
}

// named says of which target and program an error is, where its text does not.
func named(target string, p bpf.ProgramReport) error {
	if strings.Contains(p.Err.Error(), p.Name) {
		return fmt.Errorf("check %s: %w", target, p.Err)
	}
	return fmt.Errorf("check %s: program %s: %w", target, p.Name, p.Err)
}

// checkRows returns a row a program; what is of the whole target stands in its first.
func checkRows(results []checked) [][]string {
	rows := [][]string{{"TARGET", "PROGRAM", "VERDICT", "INSTRUCTIONS", "PROCESSED", "STACK", "MAPS", "BYTES"}}
	for _, r := range results {
		maps, bytes := fmt.Sprint(len(r.Maps)), uint64(0)
		for _, m := range r.Maps {
			bytes += m.Bytes
		}
		size := thousands(bytes)
		if len(r.Programs) == 0 {
			rows = append(rows, []string{r.Target, "", bpf.Failed})
		}
		for _, p := range r.Programs {
			row := []string{r.Target, p.Name, p.Verdict, thousands(uint64(p.Instructions)), "-", "-", maps, size}
			if p.Processed > 0 {
				row[4] = thousands(uint64(p.Processed))
			}
			if len(p.Stack) > 0 {
				row[5] = strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Stack), "[]"), " ", "+")
			}
			rows = append(rows, row)
			maps, size = "", ""
		}
	}
	return rows
}

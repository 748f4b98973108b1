package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

// The verbs whose arguments belong to a script.
const (
	runVerb   = "run"
	watchVerb = "watch"
)

// runsScript reports whether verb is one of them.
func runsScript(verb string) bool { return verb == runVerb || verb == watchVerb }

func runCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      runVerb,
		Usage:     "build if needed, load, attach, and hand events to the script",
		ArgsUsage: "[ARG...]",
		Description: `Calls the project's entry(ARG...). A project without an entry runs the targets that
are named, or the default ones. Ctrl-C ends the run in order, a second one at once.

Flags of ebpfx stand before the first ARG. All that follows is the script's own,
whatever it looks like; -- ends the flags too.

With a FILE, a *.bpf.c or *.bpf.o, no project is needed: it is compiled if need be, loaded and
attached; its events are printed as they come, or its maps again and again where it
has none. Its const volatile variables are its OPTIONs: ebpfx run FILE --help lists them.
Flags of ebpfx may then stand on either side of FILE; -- ends them here too.

Examples:
  ebpfx run                              the default targets, until Ctrl-C
  ebpfx run opensnoop                    one target, or whatever entry makes of it
  ebpfx run -t 10s                       for ten seconds
  ebpfx run -o json | jq .comm           events that no callback takes, as JSON
  ebpfx run -t 5s -o json uprobe --fast  entry("uprobe", "--fast")
  ebpfx run -- --fast                    entry("--fast")
  ebpfx run opensnoop.bpf.c --targ_pid 7 a program, with its variable targ_pid set
  ebpfx run profile.bpf.c -o folded -t 10s | flamegraph.pl > profile.svg
  ebpfx run tool.bpf.o -e 'on_event(function(e) print(e.comm) end)'`,
		Flags:  runFlags(),
		Action: action(con, run),
	}
}

// runFlags are the flags of the verbs that run something.
func runFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "allow-host", Usage: "let the script read and write files and start programs", DisableDefaultText: true},
		&cli.BoolFlag{Name: "strict", Usage: "fail where a program cannot be attached, in place of running without it", DisableDefaultText: true},
		&cli.StringFlag{Name: "btf", Usage: "take the kernel's types from `FILE`, where it does not tell them"},
		&cli.BoolFlag{Name: "raw-values", Usage: "print addresses, ports, times and error numbers as the numbers that they are", DisableDefaultText: true},
	}, append(limitFlags(), programFlags()...)...)
}

func run(ctx context.Context, c *call) error {
	if runsProgram(c.cli) && wantsHelp(c.cli) {
		p, err := c.openProgram(ctx, c.args[0])
		if err != nil {
			return err
		}
		return c.programHelp(p)
	}
	e, err := c.edition(ctx, nil)
	if err != nil {
		return err
	}
	defer e.script.Close()
	return e.error(e.script.Run(ctx, e.args, e.opts))
}

// edition is what run and watch run: a project, or a program without one, as its files are at one time.
type edition struct {
	script *luart.Script
	args   []string // of the script
	opts   luart.RunOptions
	alone  bool // a program without a project
}

// edition reads what the arguments name, with options that adjust may change; it may be nil.
func (c *call) edition(ctx context.Context, adjust func(*luart.LoadOptions)) (*edition, error) {
	load, err := c.loadOptions()
	if err != nil {
		return nil, err
	}
	if adjust != nil {
		adjust(&load)
	}
	if runsProgram(c.cli) {
		return c.programEdition(ctx, load)
	}
	if err := c.refuseProgramFlags(); err != nil {
		return nil, err
	}
	script, err := c.load(ctx, load)
	if errors.Is(err, luart.ErrNoProject) {
		return nil, c.withoutProject(err)
	}
	if err != nil {
		return nil, err
	}
	e := &edition{script: script, args: c.args, opts: c.runOptions()}
	e.opts.Build = func(ctx context.Context, t *builder.Target) (string, error) {
		return c.buildOne(ctx, script.Project(), t)
	}
	return e, nil
}

// error puts an error of the edition into words of the command line where it has no script to name.
func (e *edition) error(err error) error {
	if e.alone {
		return flagged(err)
	}
	return err
}

// buildOne brings the object of a target up to date and returns its path.
func (c *call) buildOne(ctx context.Context, p *builder.Project, t *builder.Target) (string, error) {
	result, err := c.build(ctx, p, []*builder.Target{t}, false)
	if err != nil {
		return "", err
	}
	return result.Objects[t], nil
}

// runOptions returns the options that are the same for a project and for a program without one.
func (c *call) runOptions() luart.RunOptions {
	sink := c.sink() // one for all streams: they share standard output
	discarded := make(map[*builder.Target]uint64)
	return luart.RunOptions{
		Strict:  c.cli.Bool("strict"),
		BTF:     c.cli.String("btf"),
		Sink:    func(*bpf.Stream) output.Sink { return sink },
		Notice:  c.notice,
		Verbose: c.detail,
		Discarded: func(t *builder.Target, records uint64) {
			discarded[t] = records
		},
		Ended: func(t *builder.Target, stats bpf.Stats, ran time.Duration) {
			c.noticeHidden()
			c.progressf("%s", summary(t.Name, stats, discarded[t], ran))
		},
		Timeout:         c.flags.timeout,
		CallbackTimeout: c.cli.Duration("callback-timeout"),
		KeepGoing:       c.cli.Bool("keep-going"),
		Failed:          func(_ *builder.Target, err error) { c.fail(err) },
		Stdout:          c.stdout,
	}
}

// sink returns where events go that no callback takes.
func (c *call) sink() output.Sink {
	switch c.flags.output {
	case "json":
		return output.NewJSON(c.stdout, c.eventValues()...)
	case rawOutput:
		return output.NewRaw(c.stdout)
	case "none":
		return output.Discard()
	}
	return output.NewTable(c.stdout, terminalWidth(c.stdout), c.eventValues()...)
}

// values says how values are printed.
func (c *call) values() []output.Option {
	if c.cli.Bool("raw-values") {
		return []output.Option{output.RawValues()}
	}
	return nil
}

// eventValues says how those of events are.
func (c *call) eventValues() []output.Option { return append(c.values(), output.StackNames(c.symbols)) }

// noticeHidden tells, once, why functions of the kernel have no names, if some were asked for.
func (c *call) noticeHidden() {
	if hidden := c.symbols.Kernel.Err(); hidden != nil && !c.hiddenTold {
		c.hiddenTold = true
		c.notice(hidden.Error())
	}
}

// summary says what the run of a target came to. discarded counts the events that the
// kernel delivered when the script wanted no more.
func summary(target string, stats bpf.Stats, discarded uint64, ran time.Duration) string {
	lost := thousands(stats.Lost) + " lost"
	if !stats.LostKnown {
		lost = "lost unknown"
		if stats.Lost > 0 {
			lost = "at least " + thousands(stats.Lost) + " lost"
		}
	}
	if discarded > 0 {
		lost += ", " + thousands(discarded) + " discarded"
	}
	return fmt.Sprintf("%s: %s, %s, %s", target, count(stats.Events, "event"), lost, seconds(ran))
}

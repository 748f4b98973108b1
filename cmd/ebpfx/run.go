package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/bpf/output"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/luart"
)

// runVerb is the verb whose arguments belong to a script.
const runVerb = "run"

func runCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      runVerb,
		Usage:     "build if needed, load, attach, and hand events to the script",
		ArgsUsage: "[ARG...]",
		Description: `Calls the project's entry(ARG...). A project without an entry runs the targets that
are named, or the default ones. Ctrl-C ends the run in order, a second one at once.

Flags of ebpfx stand before the first ARG. All that follows is the script's own,
whatever it looks like; -- ends the flags too.

Examples:
  ebpfx run                              the default targets, until Ctrl-C
  ebpfx run opensnoop                    one target, or whatever entry makes of it
  ebpfx run -t 10s                       for ten seconds
  ebpfx run -o json | jq .comm           events that no callback takes, as JSON
  ebpfx run -t 5s -o json uprobe --fast  entry("uprobe", "--fast")
  ebpfx run -- --fast                    entry("--fast")`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "allow-host", Usage: "let the script read and write files and start programs", DisableDefaultText: true},
		},
		Action: action(con, run),
	}
}

func run(ctx context.Context, c *call) error {
	script, err := c.load(ctx, luart.LoadOptions{AllowHost: c.cli.Bool("allow-host"), Stdout: c.stdout})
	if err != nil {
		return err
	}
	defer script.Close()

	sink := c.sink() // one for all streams: they share standard output
	discarded := make(map[*builder.Target]uint64)
	return script.Run(ctx, c.args, luart.RunOptions{
		Build: func(ctx context.Context, t *builder.Target) (string, error) {
			result, err := c.build(ctx, script.Project(), []*builder.Target{t}, false)
			if err != nil {
				return "", err
			}
			return result.Objects[t], nil
		},
		Sink:    func(*bpf.Stream) output.Sink { return sink },
		Notice:  c.notice,
		Verbose: c.detail,
		Discarded: func(t *builder.Target, records uint64) {
			discarded[t] = records
		},
		Ended: func(t *builder.Target, stats bpf.Stats, ran time.Duration) {
			c.progressf("%s", summary(t.Name, stats, discarded[t], ran))
		},
		Timeout: c.flags.timeout,
		Stdout:  c.stdout,
	})
}

// sink returns where events go that no callback takes.
func (c *call) sink() output.Sink {
	switch c.flags.output {
	case "json":
		return output.NewJSON(c.stdout)
	case "none":
		return output.Discard()
	}
	return output.NewTable(c.stdout, terminalWidth(c.stdout))
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

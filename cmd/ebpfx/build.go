package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/luart"
)

func buildCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "compile what changed",
		ArgsUsage: "[TARGET...]",
		Description: `Brings the objects of the named targets, or of the default ones, up to date, and of
what they depend on. Objects lie in .ebpfx/ beside project.lua.

Examples:
  ebpfx build                  all default targets
  ebpfx build opensnoop        one of them
  ebpfx build -v               and show the commands
  ebpfx build -P ~/tools/net   a project elsewhere
  ebpfx build -o json          one JSON object a diagnostic, on standard error`,
		Action: action(con, build),
	}
}

func build(ctx context.Context, c *call) error {
	script, err := c.load(ctx, luart.LoadOptions{Stdout: c.stderr})
	if err != nil {
		return err
	}
	defer script.Close()

	project := script.Project()
	targets, err := pick(project, c.args)
	if err != nil {
		return err
	}
	_, err = c.build(ctx, project, targets, true)
	return err
}

// pick returns the targets called names, or the default ones when there are no names.
func pick(p *builder.Project, names []string) ([]*builder.Target, error) {
	if len(names) == 0 {
		return p.Defaults(), nil
	}
	var targets []*builder.Target
	for _, name := range names {
		t := p.Target(name)
		if t == nil {
			return nil, usagef("no target named %q%s; ebpfx list shows them", name, diag.DidYouMean(name, p.TargetNames()))
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// build brings targets up to date while it shows the progress, and ends with a line that says so.
// Where all were up to date that line is left out unless always is set.
func (c *call) build(ctx context.Context, p *builder.Project, targets []*builder.Target, always bool) (*builder.Result, error) {
	began := time.Now()
	result, err := builder.Build(ctx, p, targets, builder.Options{
		Verbose:  c.verbose,
		Color:    c.colour && !c.json,
		Reporter: c.progress(),
		Notice:   c.notice,
	})
	if err != nil {
		return nil, err
	}
	if always || result.Built > 0 {
		c.progressf("build ok, %s, %s", count(uint64(len(result.Objects)), "target"), seconds(time.Since(began)))
	}
	return result, nil
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf"
	"github.com/ebpfx/ebpfx/builder"
	"github.com/ebpfx/ebpfx/builder/diag"
	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/builder/vmlinux"
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
  ebpfx build -k               all that compiles, whatever else does not
  ebpfx build -m debug         where is_mode("debug") is true
  ebpfx build --arch arm64     for another machine, in .ebpfx/arm64
  ebpfx build --lint           and name what some kernels lack
  ebpfx build -o json          one JSON object a diagnostic, on standard error`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "compile `N` files at once (one a core)", DefaultText: " "},
			&cli.BoolFlag{Name: "keep-going", Aliases: []string{"k"}, Usage: "go on with other files after an error", DisableDefaultText: true},
			&cli.StringFlag{Name: "arch", Usage: "build for other machines, `ARCH,...`: " + strings.Join(toolchain.Machines(), ", ")},
			&cli.BoolFlag{Name: "lint", Usage: "warn of kernel types and members that some kernels lack and no CO-RE question guards", DisableDefaultText: true},
		},
		Action: action(con, build),
	}
}

func build(ctx context.Context, c *call) error {
	jobs := c.cli.Int("jobs")
	if c.cli.IsSet("jobs") && jobs < 1 {
		return usagef("--jobs: %d is no number of files", jobs)
	}
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
	if err := script.BeforeBuild(targets...); err != nil {
		return err
	}
	machines := []string{""}
	if c.cli.IsSet("arch") {
		machines = strings.Split(c.cli.String("arch"), ",")
	}
	for _, m := range machines {
		if _, err := toolchain.TargetNamed(m); m != "" && err != nil || m == "" && len(machines) > 1 {
			return usagef("--arch: %v", err)
		}
	}
	for _, m := range machines {
		project.Arch = m
		result, err := c.buildWith(ctx, project, targets, builder.Options{Jobs: jobs, KeepGoing: c.cli.Bool("keep-going")}, true)
		if err != nil {
			return err
		}
		if c.cli.Bool("lint") {
			if err := c.lint(project, result); err != nil {
				return err
			}
		}
		if err := script.AfterBuild(result.Objects); err != nil {
			return err
		}
	}
	return nil
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

// thrifty collects garbage more often from the first step of a build on: memory is better spent on compilers then, and most of the
// time goes by waiting for them. Where all is up to date it would only cost time.
type thrifty struct {
	builder.Reporter
	begun  bool
	before int // the percentage of the garbage collector before
}

func (t *thrifty) Step(s builder.Step) {
	if !t.begun {
		t.begun, t.before = true, debug.SetGCPercent(40)
	}
	t.Reporter.Step(s)
}

func (t *thrifty) end() {
	if t.begun {
		debug.SetGCPercent(t.before)
	}
}

// build brings targets up to date while it shows the progress, and ends with a line that says so.
// Where all were up to date that line is left out unless always is set.
func (c *call) build(ctx context.Context, p *builder.Project, targets []*builder.Target, always bool) (*builder.Result, error) {
	return c.buildWith(ctx, p, targets, builder.Options{}, always)
}

// buildWith is build with options that say how to go about it.
func (c *call) buildWith(ctx context.Context, p *builder.Project, targets []*builder.Target, opts builder.Options, always bool) (*builder.Result, error) {
	began := time.Now()
	progress := newProgress(c.console, p.Dir)
	thrift := &thrifty{Reporter: progress}
	defer thrift.end()
	opts.Verbose = c.verbose
	opts.Color = c.colour && !c.json
	opts.Annotate = bpf.KeepEventTypes
	opts.Reporter = thrift
	opts.Notice = c.notice
	result, err := builder.Build(ctx, p, targets, opts)
	progress.end()
	if err != nil {
		return nil, err
	}
	if always || result.Built > 0 {
		machine := ""
		if p.Arch != "" {
			machine = " for " + p.Arch
		}
		c.progressf("build ok, %s%s, %s", count(uint64(len(result.Objects)), "target"), machine, seconds(time.Since(began)))
	}
	return result, nil
}

// lint warns of what the objects of a build need of kernels, and not all of them have.
func (c *call) lint(p *builder.Project, result *builder.Result) error {
	for _, t := range p.Targets {
		path := result.Objects[t]
		if path == "" {
			continue
		}
		object, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("lint %s: %w", t.Name, err)
		}
		arch := toolchain.HostTarget().Arch
		if p.Arch != "" {
			machine, err := toolchain.TargetNamed(p.Arch)
			if err != nil {
				return err
			}
			arch = machine.Arch
		}
		found, err := vmlinux.Lint(object, arch)
		object.Close()
		if err != nil {
			return fmt.Errorf("lint %s: %w", t.Name, err)
		}
		for _, d := range found {
			if d.File != "" && !filepath.IsAbs(d.File) {
				d.File = filepath.Join(p.Dir, d.File)
			}
			c.render(d.FillSource())
		}
	}
	return nil
}

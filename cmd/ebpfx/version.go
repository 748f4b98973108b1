package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf/probe"
)

// Set by the linker: -X main.release=... -X main.commit=...
var (
	release = ""
	commit  = ""
)

func versionCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "show the version, and what the kernel is able to do",
		Description: `Examples:
  ebpfx version`,
		Action: action(con, version),
	}
}

func version(_ context.Context, c *call) error {
	if err := c.refuseArguments(); err != nil {
		return err
	}
	name, revision := release, commit
	if info, ok := debug.ReadBuildInfo(); ok { // of a binary that go install made
		if name == "" {
			name = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && revision == "" {
				revision = s.Value
			}
		}
	}
	if name == "" {
		name = "(devel)"
	}
	if revision == "" {
		revision = "unknown"
	}
	_, err := fmt.Fprintf(c.stdout, "ebpfx %s, commit %s, %s, %s\n", name, revision, runtime.Version(), probe.Kernel())
	return err
}

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ebpfx/ebpfx/bpf/probe"
	"github.com/ebpfx/ebpfx/builder/toolchain"
)

func doctorCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "check what this machine needs to build and to run",
		Description: `Checks the kernel, this process' rights, and the tools that a build takes. What is
wrong comes with the command that mends it. Exits with 1 when something needed is missing.

Examples:
  sudo ebpfx doctor
  ebpfx doctor -o json | jq '.[] | select(.ok | not)'`,
		Action: action(con, doctor),
	}
}

// check is one line of doctor's answer.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"` // nothing works without it; else something does not
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"` // a command line
}

func doctor(ctx context.Context, c *call) error {
	if err := c.refuseArguments(); err != nil {
		return err
	}
	var checks []check
	for _, p := range probe.Checks() {
		checks = append(checks, check(p))
	}
	for _, t := range toolchain.Checks(ctx, "") {
		checks = append(checks, check(t))
	}

	var missing []string
	for _, k := range checks {
		if !k.OK && k.Needed {
			missing = append(missing, k.Name)
		}
	}
	switch c.flags.output {
	case "json":
		if err := c.printJSON(checks); err != nil {
			return err
		}
	case "table":
		if err := c.printChecks(checks); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing here: %s", strings.Join(missing, ", "))
	}
	return nil
}

// printChecks prints a line a check, and below what is wrong the command that mends it.
func (c *call) printChecks(checks []check) error {
	var rows [][]string
	for _, k := range checks {
		mark := "ok"
		switch {
		case !k.OK && k.Needed:
			mark = "MISSING"
		case !k.OK:
			mark = "note"
		}
		rows = append(rows, []string{mark, k.Name, k.Detail})
		if !k.OK && k.Fix != "" {
			rows = append(rows, []string{"", "", "  " + k.Fix})
		}
	}
	return c.printTable(rows)
}

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/ebpfx/ebpfx/builder/toolchain"
	"github.com/ebpfx/ebpfx/builder/vmlinux"
)

// genVmlinux writes a vmlinux.h: the one that builds use, or that of a kernel's types.
func genVmlinux(c *call) error {
	var text []byte
	if from := c.cli.String("btf"); from != "" {
		if c.cli.IsSet("arch") {
			return usagef("gen vmlinux: --btf and --arch exclude each other: a file of BTF is of one architecture")
		}
		spec, err := vmlinux.Load(from)
		if err != nil {
			return fmt.Errorf("make vmlinux.h: %w", err)
		}
		var b bytes.Buffer
		if err := vmlinux.Print(&b, spec); err != nil {
			return fmt.Errorf("make vmlinux.h: %w", err)
		}
		text = b.Bytes()
	} else {
		machine := toolchain.HostTarget()
		if arch := c.cli.String("arch"); arch != "" {
			var err error
			if machine, err = toolchain.TargetNamed(arch); err != nil {
				return usagef("--arch: %v", err)
			}
		}
		var err error
		text, _, err = vmlinux.Header(machine.Arch)
		if errors.Is(err, vmlinux.ErrArch) {
			return fmt.Errorf("make vmlinux.h: there is none for %s in ebpfx; name the BTF of a kernel of it: --btf FILE, "+
				"which is /sys/kernel/btf/vmlinux there", machine.Arch)
		}
		if err != nil {
			return fmt.Errorf("make vmlinux.h: %w", err)
		}
	}
	file := cmp.Or(c.cli.String("out"), "vmlinux.h")
	if file == "-" {
		_, err := c.stdout.Write(text)
		return err
	}
	if err := os.WriteFile(file, text, 0o666); err != nil {
		return fmt.Errorf("make vmlinux.h: %w", err)
	}
	c.progressf("wrote %s", file)
	return nil
}

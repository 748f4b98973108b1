package builder

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ebpfx/ebpfx/builder/internal/atomicfile"
)

// commandsFile is the compilation database in the build folder, for clangd and its like
// (clang.llvm.org/docs/JSONCompilationDatabase.html).
const commandsFile = "compile_commands.json"

// compileCommand is an entry of the database.
type compileCommand struct {
	Directory string   `json:"directory"`
	File      string   `json:"file"`
	Arguments []string `json:"arguments"`
	Output    string   `json:"output"`
}

// writeCommands writes the compilation database of the project. Targets whose files are not found are left
// out: they are no concern of this build, and an error of their own.
func (b *build) writeCommands() error {
	commands := []compileCommand{}
	for _, t := range b.project.Targets {
		u, err := expand(b.project, t)
		if err != nil {
			continue
		}
		for _, source := range u.sources {
			c := b.compilation(u, source)
			f, err := c.front()
			if err != nil {
				return err
			}
			f.events = "" // its macros would stand between a call and its declaration
			variantDir := ""
			if r := b.index.Objects[c.output]; r != nil {
				variantDir = r.VariantDir
			}
			f.vmlinux = c.keptVmlinux(variantDir)
			commands = append(commands, compileCommand{
				Directory: b.project.Dir,
				File:      inDir(b.project.Dir, source),
				Arguments: append([]string{b.compilerOf(t)}, c.commandLine(f, b.shown(c.output), "")...),
				Output:    b.shown(c.output),
			})
		}
	}
	text, err := json.MarshalIndent(commands, "", "\t")
	if err != nil {
		return fmt.Errorf("encode %s: %w", commandsFile, err)
	}
	path := filepath.Join(b.dir, commandsFile)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
		return nil
	}
	if err := atomicfile.Write(path, text); err != nil {
		return fmt.Errorf("write %s: %w", commandsFile, err)
	}
	return nil
}

// compilerOf returns the path of the compiler of a target, which this build may not be for.
func (b *build) compilerOf(t *Target) string {
	for _, u := range b.units {
		if u.target.CC.Name == t.CC.Name && u.clang != nil {
			return u.clang.Path
		}
	}
	return cmp.Or(t.CC.Name, "clang")
}

package luart

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/ebpfx/ebpfx/builder/diag"
)

// maxSource bounds the size of a file of Lua in bytes, so that a device or a wrong file ends with an error.
const maxSource = 8 << 20

// readChunk reads and compiles a file of Lua, once: for a file that was compiled before it returns nil.
// What is wrong in the text is a *diag.Diagnostic.
func (s *Script) readChunk(L *lua.LState, path string) (*lua.LFunction, error) {
	identity, err := filepath.EvalSymlinks(path)
	if err != nil {
		identity = path // reading it tells what is wrong
	}
	for _, src := range s.sources {
		if src.identity == identity {
			return nil, nil
		}
	}
	s.reading(path)
	text, err := readSource(path)
	if err != nil {
		return nil, err
	}
	src := newSource(path, text)
	src.identity = identity
	fn, err := s.compile(L, src)
	if err != nil {
		return nil, err
	}
	s.sources = append(s.sources, src)
	return fn, nil
}

func readSource(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", displayPath(path), cause(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", displayPath(path), cause(err))
	}
	if len(text) > maxSource {
		return "", fmt.Errorf("read %s: larger than %d MB, so that it can be no script", displayPath(path), maxSource>>20)
	}
	return string(text), nil
}

// cause returns what is wrong in a path error, without the path, which the caller names in its own way.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// compile returns the function that executes the text of src. What is wrong in it is a *diag.Diagnostic.
func (s *Script) compile(L *lua.LState, src *source) (fn *lua.LFunction, err error) {
	chunk, err := parse.Parse(strings.NewReader(src.text), src.name)
	if err != nil {
		return nil, src.syntaxError(err)
	}
	r, d := src.resolve(chunk, nil)
	if d != nil {
		return nil, d
	}
	src.names = r.names
	constants, wrong := rewrite(r)
	if wrong != nil {
		return nil, wrong.at(src)
	}
	proto, d := s.translate(src, factory(chunk), false)
	if d != nil {
		return nil, d
	}
	src.functions = functionsOf(proto.FunctionPrototypes[0], r.functions)
	return s.bind(L, proto, constants)
}

// functionsOf returns the compiled form of each of the functions in the text of chunk, or nil where they cannot be told apart.
func functionsOf(chunk *lua.FunctionProto, text []function) []*lua.FunctionProto {
	var list []*lua.FunctionProto
	var add func(p *lua.FunctionProto)
	add = func(p *lua.FunctionProto) {
		for _, inner := range p.FunctionPrototypes {
			list = append(list, inner)
			add(inner)
		}
	}
	add(chunk)
	// The compiler follows the text, so that both lists have the same order.
	same := func(p *lua.FunctionProto, f function) bool {
		return p.LineDefined == f.expr.Line() && p.LastLineDefined == f.expr.LastLine()
	}
	if !slices.EqualFunc(list, text, same) {
		return nil
	}
	return list
}

// resolve is the function of that name with its panic as a Diagnostic.
func (src *source) resolve(chunk []ast.Stmt, natures map[string]nature) (r *resolution, d *diag.Diagnostic) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *lineError:
			d = p.at(src)
		default:
			panic(p)
		}
	}()
	return resolve(chunk, natures), nil
}

// translate compiles the rewritten chunk to bytecode. quick says that the first function in it is only called from Go.
func (s *Script) translate(src *source, chunk []ast.Stmt, quick bool) (proto *lua.FunctionProto, d *diag.Diagnostic) {
	// The compiler panics where a function is larger than its instructions can address.
	defer func() {
		if p := recover(); p != nil {
			d = src.diagnostic(1, "", fmt.Sprintf("%v (%v)", errTooLarge, p))
		}
	}()
	proto, err := lua.Compile(chunk, src.name)
	var wrong *lua.CompileError
	if errors.As(err, &wrong) {
		return nil, src.diagnostic(max(wrong.Line&^needsCheck, 1), "", wrong.Message)
	}
	if err != nil {
		return nil, src.diagnostic(1, "", err.Error())
	}
	var first *lua.FunctionProto
	if quick {
		first = proto.FunctionPrototypes[0]
	}
	if err := s.instrument(proto, first); err != nil {
		return nil, src.diagnostic(1, "", err.Error())
	}
	return proto, nil
}

// bind executes the factory around a chunk with these constants and returns the chunk.
func (s *Script) bind(L *lua.LState, proto *lua.FunctionProto, constants []lua.LValue) (*lua.LFunction, error) {
	call := lua.P{Fn: L.NewFunctionFromProto(proto), NRet: 1, Protect: true}
	if err := L.CallByParam(call, tableOf(L, constants)); err != nil {
		return nil, s.diagnose(err)
	}
	fn := L.Get(-1).(*lua.LFunction)
	L.Pop(1)
	return fn, nil
}

// tableOf returns the values as a list of Lua.
func tableOf(L *lua.LState, values []lua.LValue) *lua.LTable {
	list := L.CreateTable(len(values), 0)
	for _, v := range values {
		list.Append(v)
	}
	return list
}

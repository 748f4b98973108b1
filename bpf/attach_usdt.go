package bpf

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/ebpfx/ebpfx/bpf/internal/executable"
	"github.com/ebpfx/ebpfx/bpf/internal/usdt"
	"github.com/ebpfx/ebpfx/bpf/probe"
)

// usdtKind programs run at static probes of executables and libraries, at each of the places that the compiler put them. What
// usdt.bpf.h wants to know of the arguments there is in usdt.go.
var usdtKind = &kind{
	name:        "usdt",
	sections:    []string{"usdt", "usdt.s"},
	form:        "path:provider:name",
	programType: ebpf.Kprobe,
	moments:     onEntry,
	takes:       takesPID | takesCookie,
	ownCookies:  true,
	resolve:     resolveUSDT,
	attach:      attachUSDT,
	names:       probeNames,
}

// resolveUSDT takes "provider:name", and that behind "binary:". Both may be globs. The binary is that, or the hook's, or the one that
// the section names, or whatever the process has mapped.
func resolveUSDT(p *point) error {
	binary, name := splitProbe(p.where)
	if binary == "" {
		binary = p.binary
	}
	if binary == "" && p.hook {
		binary, _ = splitProbe(sectionTarget(p.section))
	}
	provider, _, ok := strings.Cut(name, ":")
	switch {
	case !ok || provider == "" || strings.Contains(provider, "/") || strings.HasSuffix(name, ":"):
		return &predicate{`names no probe, which is written "provider:name" or "path:provider:name"`}
	case binary == "" && p.pid != 0:
	case binary == "" && p.hook:
		return &predicate{fmt.Sprintf(`names no binary; add set_binary("/path"), or a pid, or write "path:%s"`, name)}
	case binary == "":
		return &passive{&predicate{fmt.Sprintf("names no binary; write attach_to(%q, %q)", p.name, "path:"+name)}}
	}
	target := &userTarget{}
	var err error
	if target.function, err = executable.ParsePattern(name); err != nil {
		return err
	}
	if binary != "" {
		if target.at, err = executable.Find(binary, p.pid); err != nil {
			return err
		}
		p.binary = target.at.Name
	} else if err := executable.Alive(p.pid); err != nil {
		return err
	}
	p.user, p.symbol = target, name
	p.chooseLink(true)
	return nil
}

// splitProbe takes "binary:" off "binary:provider:name".
func splitProbe(where string) (binary, probe string) {
	i := strings.LastIndexByte(where, ':')
	j := strings.LastIndexByte(where[:max(0, i)], ':')
	return where[:max(0, j)], where[j+1:]
}

func attachUSDT(prog *ebpf.Program, p *point) (io.Closer, error) {
	files, err := p.probed()
	if err != nil {
		return nil, p.explainUser(err)
	}
	var links concurrently
	for _, at := range files {
		l, err := attachProbes(prog, p, at)
		links = append(links, l...)
		if err != nil {
			return nil, errors.Join(p.explainUser(err), links.Close())
		}
	}
	if len(links) == 0 {
		where := p.binary
		if where == "" {
			where = fmt.Sprintf("what process %d has mapped", p.pid)
		}
		return nil, &missing{err: fmt.Errorf("%s has no usdt probe %s", where, p.symbol), name: p.symbol}
	}
	return links, nil
}

// probed returns the files that may have the probes of p.
func (p *point) probed() ([]executable.Location, error) {
	if p.binary != "" {
		return []executable.Location{p.user.at}, nil
	}
	return executable.Mapped(p.pid)
}

// sitesOf returns the sites of all probes of f. That there are none is an error of a file that was named.
func (p *point) sitesOf(f *executable.File) ([]usdt.Site, error) {
	sites, err := usdt.Sites(f.ELF)
	switch {
	case errors.Is(err, usdt.ErrNoProbes) && p.binary == "":
		return nil, nil
	case errors.Is(err, usdt.ErrNoProbes):
		return nil, fmt.Errorf("%s has no usdt probes", f.Name)
	case err != nil:
		return nil, fmt.Errorf("read the usdt probes of %s: %w", f.Name, err)
	}
	return sites, nil
}

// attachProbes attaches prog to the probes in one file. There may be none.
func attachProbes(prog *ebpf.Program, p *point, at executable.Location) (links concurrently, err error) {
	f, err := at.Open()
	if err != nil {
		if p.binary == "" {
			return nil, nil // a process may run what is no library
		}
		return nil, err
	}
	defer f.Close()
	sites, err := p.sitesOf(f)
	if err != nil {
		return nil, err
	}
	specs, err := p.instance.usdtSpecs()
	if err != nil {
		return nil, err
	}
	places := make(map[uint32][]place) // by the number of their spec
	for _, site := range sites {
		if !p.user.function.Match(site.Probe()) {
			continue
		}
		here, err := placeOf(f, site)
		if err != nil {
			return nil, err
		}
		here.cookie = p.cookie
		id := uint32(0)
		if specs != nil {
			if id, err = specs.put(p, f, site); err != nil {
				return nil, err
			}
			here.cookie = uint64(id)
		}
		places[id] = append(places[id], here)
	}
	if specs == nil || probe.Cookies() {
		places = map[uint32][]place{0: slices.Concat(slices.Collect(maps.Values(places))...)}
	}
	for id, group := range places {
		if len(group) == 0 {
			continue
		}
		program := prog
		if specs != nil && !probe.Cookies() {
			if program, err = p.instance.loader.loadForSpec(p, id); err != nil {
				return links, err
			}
			for i := range group {
				group[i].cookie = 0
			}
		}
		l, refused, err := attachPlaces(program, p, f, group)
		if err != nil {
			return links, err
		}
		links = append(links, l)
		if len(refused) > 0 {
			p.notice(fmt.Sprintf("%s: %d of %d places of %s cannot be probed, that at %#x among them", p.name, len(refused), len(group), p.symbol, refused[0].offset))
		}
	}
	return links, nil
}

// placeOf finds a site in its file. Notes may say what they like.
func placeOf(f *executable.File, s usdt.Site) (place, error) {
	offset, ok := f.CodeOffset(s.Address)
	if !ok {
		return place{}, fmt.Errorf("the notes of %s have probe %s at %#x, where there is no code", f.Name, s.Probe(), s.Address)
	}
	here := place{offset: offset}
	if s.Semaphore != 0 {
		if here.semaphore, ok = f.DataOffset(s.Semaphore); !ok || here.semaphore%2 != 0 {
			return place{}, fmt.Errorf("the notes of %s have the semaphore of probe %s at %#x, where there is no variable", f.Name, s.Probe(), s.Semaphore)
		}
	}
	return here, nil
}

// probeNames lists the probes that p may have meant.
func probeNames(p *point) []string {
	files, err := p.probed()
	if err != nil {
		return nil
	}
	var names []string
	for _, at := range files {
		f, err := at.Open()
		if err != nil {
			continue
		}
		sites, err := usdt.Sites(f.ELF)
		f.Close()
		if err != nil {
			continue
		}
		for _, s := range sites {
			names = append(names, s.Probe())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

package luart

import "github.com/yuin/gopher-lua/ast"

// plainLocals are the local variables that hold nothing but plain numbers and strings, ever.
type plainLocals struct {
	r       *resolution
	tainted map[*local]bool
}

// plainLocals finds them: all are taken for plain, and those are tainted that are assigned something that is not, until nothing changes.
func (r *resolution) plainLocals() *plainLocals {
	p := &plainLocals{r: r, tainted: make(map[*local]bool)}
	for _, l := range r.locals {
		// Without a value it is nil, and what compares with nil is an error either way; but it is not plain.
		if l.unknown || len(l.values) == 0 {
			p.tainted[l] = true
		}
	}
	// Real programs settle in two or three rounds; a chain of assignments against the order of the
	// text takes a round for each link, and is cut off by giving up on all.
	const rounds = 10
	for range rounds {
		if !p.taint() {
			return p
		}
	}
	for _, l := range r.locals {
		p.tainted[l] = true
	}
	return p
}

// taint does one round and reports whether anything changed.
func (p *plainLocals) taint() (changed bool) {
	for _, l := range p.r.locals {
		if p.tainted[l] {
			continue
		}
		for _, v := range l.values {
			if !p.expr(*v) {
				p.tainted[l] = true
				changed = true
				break
			}
		}
	}
	return changed
}

// expr reports whether e is certainly a plain number or string.
func (p *plainLocals) expr(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NumberExpr, *ast.StringExpr, *ast.UnaryLenOpExpr:
		return true // literals above 2^53 were replaced before
	case *ast.IdentExpr:
		l := p.r.bindings[e]
		return l != nil && !p.tainted[l]
	case *ast.ArithmeticOpExpr:
		return p.expr(e.Lhs) && p.expr(e.Rhs)
	case *ast.StringConcatOpExpr:
		return p.expr(e.Lhs) && p.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		return p.expr(e.Expr)
	}
	return false
}

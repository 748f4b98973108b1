package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for _, test := range []struct {
		name string
		in   string
		ok   bool
		want []string // in the output, in this order
		not  []string
	}{{
		name: "all pass",
		in: `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"chatter\n"}
{"Action":"pass","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Output":"PASS\n"}
{"Action":"output","Package":"a","Output":"ok  \ta\t0.01s\n"}
{"Action":"pass","Package":"a"}
`,
		ok:   true,
		want: []string{"ok  \ta"},
		not:  []string{"chatter", "skipped"},
	}, {
		name: "a skipped test with its reason",
		in: `{"Action":"output","Package":"a","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"    x_test.go:7: not root\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"    testscript.go:609: WORK=/tmp\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"--- SKIP: TestX (0.00s)\n"}
{"Action":"skip","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Output":"ok  \ta\t0.01s\n"}
{"Action":"pass","Package":"a"}
`,
		ok:   true,
		want: []string{"ok  \ta", "skipped:", "a TestX: x_test.go:7: not root\n"},
		not:  []string{"WORK="},
	}, {
		name: "a test that lacks a tool that is needed",
		in: `{"Action":"output","Package":"a","Test":"TestX","Output":"    x_test.go:7: there is no g++ to make it\\n"}
{"Action":"skip","Package":"a","Test":"TestX"}
{"Action":"pass","Package":"a"}
`,
		want: []string{"skipped:", "for want of", "a TestX: x_test.go:7: there is no g++"},
	}, {
		name: "a test that lacks another tool",
		in: `{"Action":"output","Package":"a","Test":"TestX","Output":"    x_test.go:7: no clang-99 and no zsh\\n"}
{"Action":"skip","Package":"a","Test":"TestX"}
{"Action":"pass","Package":"a"}
`,
		ok:   true,
		want: []string{"skipped:", "no zsh"},
		not:  []string{"for want of"},
	}, {
		name: "a failed test with all it said",
		in: `{"Action":"output","Package":"a","Test":"TestX","Output":"    x_test.go:7: got 1\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"--- FAIL: TestX (0.00s)\n"}
{"Action":"fail","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Output":"FAIL\ta\t0.01s\n"}
{"Action":"fail","Package":"a"}
`,
		want: []string{"got 1", "--- FAIL: TestX", "FAIL\ta"},
	}, {
		name: "a package that does not compile",
		in: `{"ImportPath":"a","Action":"build-output","Output":"a.go:1: expected package\n"}
{"ImportPath":"a","Action":"build-fail"}
{"Action":"output","Package":"a","Output":"FAIL\ta [build failed]\n"}
{"Action":"fail","Package":"a","FailedBuild":"a"}
`,
		want: []string{"expected package", "FAIL\ta [build failed]"},
	}, {
		name: "a test that ends the process",
		in: `{"Action":"output","Package":"a","Test":"TestX","Output":"panic: boom\n"}
{"Action":"output","Package":"a","Output":"FAIL\ta\t0.01s\n"}
{"Action":"fail","Package":"a"}
`,
		want: []string{"FAIL\ta", "TestX did not end", "panic: boom"},
	}, {
		name: "go fails before it tests",
		in:   "go: updates to go.mod needed\n",
		want: []string{"go: updates to go.mod needed"},
	}, {
		name: "nothing",
	}} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := report(strings.NewReader(test.in), &out, []string{"clang", "g++"})
			if got := ok && err == nil; got != test.ok {
				t.Errorf("ok is %v, %v, want %v", ok, err, test.ok)
			}
			rest := out.String()
			for _, want := range test.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("%q is missing in:\n%s", want, out.String())
				}
				rest = after
			}
			for _, not := range test.not {
				if strings.Contains(out.String(), not) {
					t.Errorf("%q stands in:\n%s", not, out.String())
				}
			}
		})
	}
}

// Package cscan reads from the text of a C file what can be known without a compiler: its words
// and what it includes. Macros are not expanded, and conditions not decided: both branches count.
package cscan

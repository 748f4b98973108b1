// Package reference shows what luart says of its functions: as text on a terminal, as a page, and as types for editors.
package reference

//go:generate go run ./internal/make ../REFERENCE.md

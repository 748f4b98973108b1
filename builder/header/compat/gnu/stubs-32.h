/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * A header of the C library asks for this one where it is compiled for no 64-bit architecture that it knows, as eBPF. It says which of the
 * library's functions are not there, of which eBPF has none anyway; Debian has it in gcc-multilib alone.
 */

// A function that is called once for each line of input, with the number of the line.
use std::io::{stdin, BufRead};

#[inline(never)]
fn ebpfx_twice(n: i32) -> i32 {
    unsafe { std::ptr::read_volatile(&(2 * n)) } // std::hint::black_box came with Rust 1.66, later than Debian 12
}

fn main() {
    for (n, _) in stdin().lock().lines().enumerate() {
        println!("{}", ebpfx_twice(n as i32 + 1));
    }
}

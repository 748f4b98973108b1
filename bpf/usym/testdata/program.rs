// Tells where its functions are, and waits for its input to end.
use std::io::{Read, Write};

// As std::hint::black_box, which came with Rust 1.66, later than Debian 12.
fn keep(n: u64) -> u64 {
    unsafe { std::ptr::read_volatile(&n) }
}

pub mod shop {
    use keep;

    pub struct Cart(pub u64);
    pub trait Sum {
        fn add(&mut self, n: u64) -> u64;
    }
    impl Sum for Cart {
        #[inline(never)]
        fn add(&mut self, n: u64) -> u64 {
            self.0 = keep(self.0 + n);
            self.0
        }
    }
    #[inline(never)]
    pub fn total(c: &mut Cart, n: u64) -> u64 {
        keep(c.add(n)) + 1
    }
}

fn main() {
    let free = shop::total as fn(&mut shop::Cart, u64) -> u64;
    let method = <shop::Cart as shop::Sum>::add as fn(&mut shop::Cart, u64) -> u64;
    print!("free {:p}\nmethod {:p}\n\n", free as *const (), method as *const ());
    std::io::stdout().flush().unwrap();
    shop::total(&mut shop::Cart(1), 2);
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).unwrap();
}

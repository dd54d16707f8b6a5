//! Compiles the crate again when a migration is added: the compiler itself only watches those
//! files that the last build embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}

//! Rebuilds the crate when the web front was rebuilt, because it is part of the program.

fn main() {
    // A directory that is missing would count as changed in every build.
    let dist = "../../web/dist";
    if let Err(error) = std::fs::create_dir_all(dist) {
        println!("cargo:warning=cannot make {dist}: {error}");
    }
    println!("cargo:rerun-if-changed={dist}");
}

//! Hostile and odd plugins, one misbehaviour each: `examples/`. `cargo xtask plugins` builds them;
//! the host's tests load them.

//! The store: the suite that any engine must pass, held to by the one there is, and what only its
//! own files can show.

mod bed;
mod damages;
mod directory;
mod records;
mod suite;

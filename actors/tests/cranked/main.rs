//! All actors together, cranked by hand: no simulator, no sockets.

mod authorize;
mod browser;
mod crashes;
mod deviants;
mod doors;
mod exceptions;
mod lists;
mod login;
mod talk;
mod tokens;
mod totality;
mod verzamelen;

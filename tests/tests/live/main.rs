//! Rooms, seats and streams, over real sockets.

mod booth;
mod ending;
mod hostile;
mod seats;

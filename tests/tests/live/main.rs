//! Rooms, seats and streams, over real sockets.

mod booth;
mod ending;
mod hostile;
mod on_course;
mod privacy;
mod resume;
mod seats;

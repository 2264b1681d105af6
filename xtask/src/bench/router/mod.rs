//! `router`: the data plane beside HAProxy, nginx, Caddy and the bare origin, all on loopback, all
//! with the same two origins, in turns.
//!
//! | module | holds |
//! |---|---|
//! | `bed` | the origins and every proxy in front of them, started and ended |
//! | `anchors` | how the other proxies are started: their files lie beside |
//! | `ours` | how our router is started and told its table |
//! | `control` | the controller's side of its socket |
//! | `wrk`, `h2load` | the closed-loop loads |
//! | `runtime`, `switches` | what a switch is with HAProxy; with nginx and Caddy |
//! | `guard` | the rule of somebody who polls |
//! | `reuseport` | what a second socket on the same port loses |
//! | `streams` | the even load over HTTP/2 |
//! | `heirs` | the routers that took another one's place, ended |
//! | `name`, `long` | clients that ask which origin they meet, and for an answer that takes its time |
//! | `turns` | whoever is measured has its turn in each round |
//! | `pairs` | figures judged round by round |
//! | `usual` | every usual load on our router alone |
//! | `session` | everybody in a session of their own |
//! | `cpu` | what a process has used, from the scheduler |
//! | `foot`, `proxy`, `features`, `secure`, `multiplexed`, `sockets`, `paced`, `flip`, `effect`, `drain`, `pause`, `upgrade`, `dead`, `polled`, `flood` | the parts |

mod anchors;
mod bed;
mod control;
mod cpu;
mod dead;
mod drain;
mod effect;
mod features;
mod flip;
mod flood;
mod foot;
mod guard;
mod h2load;
mod heirs;
mod long;
mod multiplexed;
mod name;
mod ours;
mod paced;
mod pairs;
mod parts;
mod pause;
mod polled;
mod proxy;
mod reuseport;
mod runtime;
mod secure;
mod session;
mod sockets;
mod streams;
mod switches;
mod turns;
mod upgrade;
mod usual;
mod wrk;

pub(crate) use parts::BENCH;
pub(crate) use usual::play;

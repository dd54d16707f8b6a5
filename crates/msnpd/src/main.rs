//! `msnpd`: the dispatch, notification and switchboard servers and the web daemon in one process.

use std::process::ExitCode;

use clap::Parser;
use daemon::program::{Common, Signals, finish, open, runtime, say, until_stopped};
use daemon::{Running, Shutdown};
use web::Entrances;

mod demo;

/// The MSN Messenger server suite in one process
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Make three accounts to try the suite with, if there are none yet
    #[arg(long)]
    demo: bool,
}

fn main() -> ExitCode {
    finish(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Some(config) = arguments.common.configuration()? else { return Ok(()) };
    runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let Some(parts) = signals.unless_stopped(open(config)).await.transpose()? else { return Ok(()) };
        let shutdown = Shutdown::default();
        // The others come first, so that a dispatch server that listens can refer at once.
        let sb = sb::serve(&parts, &shutdown).await?;
        let ns = ns::serve(&parts, &shutdown).await?;
        let here = ns.entrance.clone().zip(sb.entrance.clone()).map(|(ns, sb)| Entrances { ns, sb });
        let web = web::serve(&parts, &shutdown, here).await?;
        let ds = ds::serve(&parts, &shutdown).await?;
        say(&welcome(&parts.config.store.url, [&ds, &ns, &sb], web.as_ref()));
        if arguments.demo {
            say(&demo::accounts(&parts.store).await?);
        }
        let all = [ds, ns, sb].into_iter().chain(web).collect();
        until_stopped(signals, parts, all, shutdown).await
    })
}

fn welcome(store: &store::StoreUrl, [ds, ns, sb]: [&Running; 3], web: Option<&Running>) -> String {
    let web = web.map_or_else(String::new, |web| format!("\x20 web           {}\n", web.address));
    format!(
        "The MSN Messenger server suite is running.\n\
         \n\
         \x20 dispatch      {}   clients connect here\n\
         \x20 notification  {}\n\
         \x20 switchboard   {}\n\
         {web}\
         \x20 store         {store}\n\
         \n\
         Point an MSN Messenger 1.0 to 7.5 at this machine (see README.md), and make an account:\n\
         \n\
         \x20 msnpctl account add you@example.com --name You --password-stdin\n\
         \n\
         Stop with Ctrl-C.\n",
        ds.address, ns.address, sb.address
    )
}

#pragma once
#include "commands/commands.hpp"

/// The commands that move stored data.
namespace agentmon {

std::span<const flag> export_flags();
std::span<const flag> import_flags();

/// Writes stored events as lines of JSON; 1: not all, 2: no database.
int run_export(const invocation&);

/// Sends lines of JSON to a gateway; 0: all accepted, 1: some rejected, 2: not delivered.
int run_import(const invocation&);

/// Copies the private services, while they run, into a folder; 1: there is no backup.
int run_backup(const invocation&);

/// Makes a data folder of such a copy; 1: not done.
int run_restore(const invocation&);

} // namespace agentmon

#pragma once

namespace agentmon::service {

/// postgresql.conf of the private cluster, written anew at each start. It names the cluster by the descriptor that the
/// server was started with (held_descriptor).
constexpr auto postgres_settings =
    R"(# Written by agentmon at each start: changes here are lost. To change a setting for good, connect and use ALTER SYSTEM.

# Nothing reaches this server but through its socket, in a folder that only its user (and root) can enter.
listen_addresses = ''
unix_socket_directories = '/proc/self/fd/3/run'
unix_socket_permissions = 0700

# A handful of writers and readers; each connection is a process.
max_connections = 40
# Partitions by day: a query over a month locks every one of them and its indexes.
max_locks_per_transaction = 256

# The recent days and all indexes of sessions and rollups fit; the rest is the kernel's cache, which is shared fairly.
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB

# An answered COMMIT is on the disk: agentmon forgets its own copy of the events after it.
fsync = on
synchronous_commit = on
full_page_writes = on
# Full pages after a checkpoint are most of the log's volume; compressed they cost less processor than disk.
wal_compression = on
# What a full transaction of a writer logs, so that it does not wait for the log's disk before its COMMIT.
wal_buffers = 64MB
# Rare checkpoints, because each one makes the pages of random-key indexes be logged in full again ...
checkpoint_timeout = 15min
# ... bounded by the disk, and by recovery after a crash, which reads this much in seconds.
max_wal_size = 2GB
min_wal_size = 256MB

# After a crash one sync of the file system instead of one of each of the cluster's thousands of files.
recovery_init_sync_method = syncfs
# The kind that PostgreSQL needs in any case; /dev/shm is small or absent in containers.
dynamic_shared_memory_type = sysv

# Queries are short and planned well; compiling them costs more than it saves.
jit = off
# Pages are answered from narrow index ranges; parallel workers would take the writer's processor, and the shared
# memory of a container (64 MB).
max_parallel_workers_per_gather = 0
# Disks without heads: a random page costs little more than the next one.
random_page_cost = 1.1

# Tables that only grow: look at them after 2 percent of growth, so that the planner knows today's rows and index-only
# scans find all-visible pages; sessions and rollups are updated all the time and must not bloat.
autovacuum_naptime = 20s
autovacuum_analyze_scale_factor = 0.02
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.05

# A forgotten transaction would keep vacuum from cleaning.
idle_in_transaction_session_timeout = 5min
# The query of a reader that is gone stops.
client_connection_check_interval = 5s

# To standard error, which agentmon appends to postgres.log. A statement's error is answered to agentmon, which tells it.
logging_collector = off
log_min_messages = log
log_checkpoints = off
log_line_prefix = '%m [%p] '

timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
)";

/// pg_hba.conf of the private cluster: the folder of the socket is the door.
constexpr auto postgres_access = R"(# Written by agentmon at each start.
local all         all trust
local replication all trust
)";

} // namespace agentmon::service

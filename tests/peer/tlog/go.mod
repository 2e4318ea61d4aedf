module hoheit.invalid/peer/tlog

go 1.21

require golang.org/x/mod v0.14.0

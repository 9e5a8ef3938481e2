# A table of what ptxas -v says, a kernel and architecture a line. First the PTX files, for the blocks that kernels declare, then the logs.
# Fails if a kernel spills or has a stack frame. With all=1 every kernel is printed, else those.
#
# Blocks a multiprocessor: as many as its registers (64 Ki, given to a warp by 256), warps (64), blocks (32) and shared memory (sm_80 164
# KiB, sm_90 228 KiB, 1 KiB of it taken by each block, given by 128 bytes) allow, at the block that a kernel declares, or at those of 256
# and 1,024 threads that it may be launched with.
function ceiling(value, unit) { return int((value + unit - 1) / unit) * unit }
function least(a, b) { return a < b ? a : b }
function blocks(threads,    warps, by_registers, by_memory) {
    warps = int((threads + 31) / 32)
    by_registers = int(int(16384 / ceiling(registers * 32, 256)) * 4 / warps)
    by_memory = int((architecture == "sm_80" ? 164 : 228) * 1024 / ceiling(shared + 1024, 128))
    return least(least(by_registers, int(64 / warps)), least(by_memory, 32))
}
function number(text, before,    at) {      # the number in front of these words; 0 if they are not there
    at = match(text, "[0-9]+ " before)
    return at ? substr(text, RSTART) + 0 : 0
}

FILENAME ~ /\.ptx$/ && match($0, /\.entry [A-Za-z0-9_]+/) { entry = substr($0, RSTART + 7, RLENGTH - 7) }
FILENAME ~ /\.ptx$/ && match($0, /\.maxntid [0-9]+/) { declared[entry] = substr($0, RSTART + 9, RLENGTH - 9) + 0 }
FILENAME ~ /\.ptx$/ { next }

/Compiling entry function/ {
    split($0, part, "'")
    kernel = part[2]
    architecture = part[4]
}
/bytes stack frame/ {
    stack = number($0, "bytes stack frame")
    spill = number($0, "bytes spill stores") + number($0, "bytes spill loads")
}
/Used [0-9]+ registers/ {
    registers = number($0, "registers")
    shared = number($0, "bytes smem")
    stack = stack > number($0, "bytes cumulative stack") ? stack : number($0, "bytes cumulative stack")
    bad = stack || spill
    wrong += bad
    count++
    if (!all && !bad) next
    if (!printed++)
        printf "%-46s %-5s %9s %6s %5s %5s   %s\n", "kernel", "for", "registers", "shared", "spill", "stack", "blocks a multiprocessor"
    at = kernel in declared ? blocks(declared[kernel]) " of " declared[kernel] : blocks(256) " of 256, " blocks(1024) " of 1024"
    printf "%-46s %-5s %9d %6d %5d %5d   %s\n", kernel, architecture, registers, shared, spill, stack, at
}
END {
    if (!count) { print "ptxas has said nothing of any kernel" > "/dev/stderr"; exit 1 }
    if (wrong) { print wrong " of " count " spill registers or have a stack frame: give them fewer values that live at once, indices that the compiler " \
        "knows, or a larger bound" > "/dev/stderr"; exit 1 }
    if (all) print count " kernels, counted once an architecture: none spills, none has a stack frame"
}

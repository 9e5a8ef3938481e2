/**
 * What networks are made of. This package is not exported.
 *
 * <p>A {@link io.github.adiw.nn.block.Block} adds its layers to a {@link io.github.adiw.nn.block.Wiring}; blocks contain blocks. A
 * {@link io.github.adiw.nn.block.Layer} says the shape that it makes and what it needs, and binds itself to memory: an
 * {@link io.github.adiw.nn.block.Operation} is what it does in a pass, its {@link io.github.adiw.nn.block.Site} where it does it.
 * {@code Fusion} names the layers that one launch can do together. A {@link io.github.adiw.nn.block.Program} gives every value, every
 * gradient and all scratch space its memory, and adds up the gradients of values that several layers take.
 *
 * <p>To add a layer, write a {@code Layer} and its kernels, and use it in {@link io.github.adiw.nn.Model}.
 */
package io.github.adiw.nn.block;

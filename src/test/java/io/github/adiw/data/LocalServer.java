package io.github.adiw.data;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;

/** Servers on this machine to download from; whoever starts one stops it. */
final class LocalServer {
    private LocalServer() {}

    /** What is to be had. */
    @FunctionalInterface
    interface Served {
        /** The file of this name; null where there is none. */
        byte[] content(String name);
    }

    /** Sends whole files, whatever part was asked for. */
    static HttpServer serve(Served served) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] content = served.content(exchange.getRequestURI().getPath().substring(1));
            exchange.sendResponseHeaders(content == null ? 404 : 200, content == null ? -1 : content.length);
            if (content != null) {
                exchange.getResponseBody().write(content);
            }
            exchange.close();
        });
        server.start();
        return server;
    }

    /** Breaks off every answer after some bytes, and counts the bytes; understands Range; sends on from {@code /moved/}. */
    static HttpServer breakingOff(Served served, int after, AtomicInteger sent) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] content = served.content(exchange.getRequestURI().getPath().substring(1));
            String range = exchange.getRequestHeaders().getFirst("Range");
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
            if (from > 0) {
                exchange.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
            int count = Math.min(after, content.length - from);
            sent.addAndGet(count);
            exchange.getResponseBody().write(content, from, count);
            exchange.getResponseBody().flush();
            exchange.close();
        });
        server.createContext("/moved/", exchange -> {
            exchange.getResponseHeaders().set("Location", exchange.getRequestURI().getPath().replace("/moved/", "/"));
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    static String url(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}

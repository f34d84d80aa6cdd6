import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.integration.annotation.ServiceActivator;
import org.springframework.integration.config.EnableIntegration;
import org.springframework.integration.ip.tcp.connection.AbstractServerConnectionFactory;
import org.springframework.integration.ip.tcp.connection.DefaultTcpNetSSLSocketFactorySupport;
import org.springframework.integration.ip.tcp.connection.TcpNetServerConnectionFactory;
import org.springframework.integration.ip.tcp.connection.TcpNioServerConnectionFactory;
import org.springframework.integration.syslog.RFC5424MessageConverter;
import org.springframework.integration.syslog.inbound.RFC6587SyslogDeserializer;
import org.springframework.integration.syslog.inbound.TcpSyslogReceivingChannelAdapter;

/**
 * Spring Integration's syslog receiver, which takes both framings at one port: the app name and the
 * text of each message go to a file. Arguments: the port, the file, and `net` (a thread for each
 * connection), `nio`, or `tls` (which is `net` too) with its keys, and their password.
 */
@Configuration(proxyBeanMethods = false)
@EnableIntegration
public class SyslogReceiver {
    private static String[] arguments;

    public static void main(String[] args) {
        arguments = args;
        new AnnotationConfigApplicationContext(SyslogReceiver.class).registerShutdownHook();
    }

    @Bean
    AbstractServerConnectionFactory connections() {
        int port = Integer.parseInt(arguments[0]);
        var connections = switch (arguments[2]) {
            case "nio" -> new TcpNioServerConnectionFactory(port);
            case "tls" -> secure(new TcpNetServerConnectionFactory(port));
            default -> new TcpNetServerConnectionFactory(port);
        };
        connections.setLocalAddress("127.0.0.1");
        connections.setDeserializer(new RFC6587SyslogDeserializer());
        return connections;
    }

    private static TcpNetServerConnectionFactory secure(TcpNetServerConnectionFactory connections) {
        connections.setTcpSocketFactorySupport(
            new DefaultTcpNetSSLSocketFactorySupport(SyslogReceiver::context));
        return connections;
    }

    private static SSLContext context() throws GeneralSecurityException, IOException {
        var password = arguments[4].toCharArray();
        var keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(KeyStore.getInstance(new File(arguments[3]), password), password);
        var context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    @Bean
    TcpSyslogReceivingChannelAdapter syslog(AbstractServerConnectionFactory connections) {
        var adapter = new TcpSyslogReceivingChannelAdapter();
        adapter.setConnectionFactory(connections);
        adapter.setConverter(new RFC5424MessageConverter());
        adapter.setOutputChannelName("lines");
        return adapter;
    }

    @ServiceActivator(inputChannel = "lines")
    public synchronized void keep(Map<String, ?> message) throws IOException {
        var line = "- - - %s %s\n".formatted(
            message.get("syslog_APP_NAME"), message.get("syslog_MESSAGE"));
        Files.writeString(
            Path.of(arguments[1]), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}

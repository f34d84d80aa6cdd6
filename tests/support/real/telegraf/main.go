// Telegraf's inputs.syslog alone: the app name and the text of each message go to a file.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/logger"
	"github.com/influxdata/telegraf/plugins/inputs"
	"github.com/influxdata/telegraf/plugins/inputs/syslog"
)

// lines is as much of an accumulator as the plugin calls.
type lines struct {
	telegraf.Accumulator
	mutex sync.Mutex
	file  *os.File
}

func (l *lines) AddFields(_ string, fields map[string]interface{}, tags map[string]string, _ ...time.Time) {
	text, _ := fields["message"].(string)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	fmt.Fprintf(l.file, "- - - %s %s\n", tags["appname"], text)
}

func (*lines) AddError(err error) {
	log.Print(err)
}

func main() {
	plugin := inputs.Inputs["syslog"]().(*syslog.Syslog)
	plugin.Log = logger.New("inputs", "syslog", "")
	flag.StringVar(&plugin.Address, "server", "", "tcp://HOST:PORT")
	flag.StringVar(&plugin.Framing, "framing", "", "octet-counting or non-transparent")
	flag.StringVar(&plugin.TLSCert, "tls_cert", "", "chain, for TLS")
	flag.StringVar(&plugin.TLSKey, "tls_key", "", "key, for TLS")
	path := flag.String("lines", "", "where messages go")
	flag.Parse()
	file, err := os.OpenFile(*path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	if err := plugin.Init(); err != nil {
		log.Fatal(err)
	}
	if err := plugin.Start(&lines{file: file}); err != nil {
		log.Fatal(err)
	}
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGTERM)
	<-over
}
